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

// Count is a number of things, each called what: "1 place", "2,000 places".
func Count[T ~int | ~int64 | ~uint64](n T, what string) string {
	if n == 1 {
		return "1 " + what
	}
	return Number(n) + " " + what + "s"
}
