package mask

const (
	// MinValue is the bytes of the shortest value that is masked. Shorter ones are found
	// everywhere by chance, and masking them tells what they are.
	MinValue = 6

	// MaxHead is how many bytes of a form must be seen before it is taken for the value: enough to
	// get beyond what all private keys, certificates and service accounts begin with. It bounds
	// what a Writer holds back, and fits a byte of the automaton.
	MaxHead = 255

	// entry is the bytes that must look like a form's beginning before the automaton is entered.
	// No form is shorter than MinValue.
	entry = 4

	// filterBits is the logarithm of the bits in the table of beginnings: 32 KiB stay in the
	// processor's first cache, and twenty values set one bit in a thousand.
	filterBits = 18

	// chunk is how much of a write is looked at in one go.
	chunk = 64 << 10

	// maxTails bounds the long forms that a Writer follows at a time, tailWork the bytes that are
	// compared for them, in chunks, for each chunk. Only forms that repeat themselves, within
	// output that does so too, come near; then only their heads are sure to be masked.
	maxTails = 64
	tailWork = 8
)
