package canon

var (
	AppendNumber = appendNumber
	CompareUTF16 = compareUTF16
)
