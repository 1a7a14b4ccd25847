// Package archive puts a vault into one file and takes it out again.
//
// # Format
//
// A tar archive (POSIX.1-1988 ustar, with pax records only for sizes above 8 GiB) of plain files with
// mode 0600, no owner, and the time of the archive. The first is MANIFEST.json, canonical JSON (package
// canon):
//
//	{"body":{"at","counts","dev","files","heads","logs","v","vault"},"sig"}
//
//	at      seconds since 1970
//	counts  {"bytes","devices","files","namespaces","records","slots"}; records counts numbers that
//	        logs have given, of what lies in the archive
//	dev     id of the device that made it
//	files   [{"path","sha256","size"}], paths ascending by bytes
//	heads   digests of the newest manifests, ascending
//	logs    [{"chain","dev","gen","next","ns"}], how far each log goes
//	sig     Ed25519 by the device over "kai-vault-backup/1" 0x00 ‖ body
//
// The files follow in that order, each once, and nothing else. Paths are those of the vault (vault.ParseFile),
// without local/: keys of devices, memory and sessions stay on their machine. Of a log the archive holds
// what ends with a checkpoint.
//
// # Checks
//
// Verify needs no key. It checks the archive against its own list, the signature against the certificate
// of the device in the archive, the manifests against the owners, every listed file against its digest,
// and the chains and checkpoints of all logs. Archives are read in place, so that nothing is written
// before all is checked, and memory is bounded: the list, and one file of records at a time.
package archive
