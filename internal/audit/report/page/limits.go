package page

const (
	// maxViolations bounds the violations shown; behind them stands a count.
	maxViolations = 500

	// maxShown bounds ids behind one violation or recommendation.
	maxShown = 6

	// maxLabel bounds the characters of a name in a chart; the table has the whole.
	maxLabel = 30

	// maxText bounds the characters of a string of a violation, as shown.
	maxText = 200

	// maxRows bounds the rows of a table of names.
	maxRows = 50
)
