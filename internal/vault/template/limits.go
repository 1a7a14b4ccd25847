package template

const (
	// MaxTemplate is the bytes of a template: it is held in memory, as values are.
	MaxTemplate = 16 << 20

	// MaxReferences is the places that values are put into; whole files of variables have
	// hundreds.
	MaxReferences = 10_000

	// maxPlace is the bytes between {{ and }}: a longest reference and a filter.
	maxPlace = 4096
)
