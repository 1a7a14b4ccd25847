package gitobj

// CheckPerson reads a person as it stands in an object.
func CheckPerson(text string) (Person, error) {
	return (&Object{person: text, hasPerson: true}).Person()
}
