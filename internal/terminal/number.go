package terminal

import "strconv"

// Number writes n with commas between groups of three digits, for people.
func Number[T ~int | ~int64 | ~uint64](n T) string {
	if n < 0 {
		return "-" + Number(uint64(-n))
	}
	digits := strconv.FormatUint(uint64(n), 10)
	out := make([]byte, 0, len(digits)+len(digits)/3)
	for i := range len(digits) {
		if i > 0 && (len(digits)-i)%3 == 0 {
			out = append(out, ',')
		}
		out = append(out, digits[i])
	}
	return string(out)
}

// Count is a number of things: "1 entry", "2,000 entries".
func Count[T ~int | ~int64 | ~uint64](n T, one, many string) string {
	if n == 1 {
		return "1 " + one
	}
	return Number(n) + " " + many
}
