package report

var (
	BinomialP = binomialP
	Judge     = direction
	Spikes    = spikes
)

// Buckets is what trends of a range are counted by.
func (r Range) Buckets() (string, int) {
	name, _, count := r.buckets()
	return name, count
}
