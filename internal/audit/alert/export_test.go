package alert

// Sendable decodes the file of an entry and gives what the sinks would write for it.
func Sendable(name string, file []byte) (body, syslog, journal []byte, err error) {
	e, err := decodeEntry(name, file)
	if err != nil {
		return nil, nil, nil, err
	}
	if body, err = e.Alert.JSON(); err != nil {
		return nil, nil, nil, err
	}
	if syslog, err = appendSyslog(nil, &e.Alert); err != nil {
		return nil, nil, nil, err
	}
	journal, err = appendJournal(nil, &e.Alert)
	return body, syslog, journal, err
}
