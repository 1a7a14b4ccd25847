package vault

// openKeepsName says that nobody can replace or remove a file that is open.
const openKeepsName = true
