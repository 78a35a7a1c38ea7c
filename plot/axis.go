package plot

import (
	"math"
	"strconv"
	"strings"

	gonum "gonum.org/v1/plot"
)

// huge is the largest magnitude that is drawn: sums and differences of such numbers are still finite.
const huge = 1e200

// drawable reports whether a value has a place on an axis.
func drawable(v float64, log bool) bool { return math.Abs(v) <= huge && (!log || v >= 1/huge) }

// A span is the range of an axis.
type span struct {
	low, high float64
	log       bool
}

// newSpan is a span that include has yet to widen.
func newSpan(log bool) span { return span{math.Inf(1), math.Inf(-1), log} }

// include widens the span to hold the drawable ones of values.
func (s *span) include(values ...float64) {
	for _, v := range values {
		if drawable(v, s.log) {
			s.low, s.high = min(s.low, v), max(s.high, v)
		}
	}
}

// finish gives an empty span a range, a single value some room on both sides, and others a margin, a share of the
// range.
func (s *span) finish(margin float64) {
	switch {
	case s.low > s.high && s.log:
		s.low, s.high = 0.1, 1
	case s.low > s.high:
		s.low, s.high = 0, 1
	case s.log:
		if s.high/s.low < 1+1e-9 { // The logarithms are too close to be told apart.
			margin = 0
			s.low, s.high = s.low/2, s.high*2
		}
		f := math.Pow(10, margin*(math.Log10(s.high)-math.Log10(s.low)))
		s.low, s.high = s.low/f, s.high*f
	case s.high-s.low <= 1e-12*max(math.Abs(s.low), math.Abs(s.high)):
		room := max(math.Abs(s.low)*0.05, 1/huge)
		if s.low == 0 {
			room = 0.5
		}
		s.low, s.high = s.low-room, s.high+room
	default:
		room := margin * (s.high - s.low)
		s.low, s.high = s.low-room, s.high+room
	}
}

// ticks returns about n labelled ticks within the span, at least three where they find a place.
func (s *span) ticks(n int) []gonum.Tick {
	if s.log && s.high/s.low >= 20 {
		return s.logTicks(n)
	}
	var step, first, last float64
	for finer := 1.0; finer <= 8; finer *= 2 {
		step = niceStep((s.high - s.low) / float64(n) / finer)
		first, last = math.Ceil(s.low/step-1e-9), math.Floor(s.high/step+1e-9)
		if last-first+1 >= 3 {
			break
		}
	}
	var ticks []gonum.Tick
	for i := 0.0; first+i <= last && i <= 100; i++ {
		v := (first + i) * step
		ticks = append(ticks, gonum.Tick{Value: v, Label: format(v, step, max(math.Abs(s.low), math.Abs(s.high)))})
	}
	return ticks
}

// logTicks labels powers of ten, every second or third where there are many, and 2 and 5 between them where there are
// few.
func (s *span) logTicks(n int) []gonum.Tick {
	first, last := int(math.Floor(math.Log10(s.low))), int(math.Ceil(math.Log10(s.high)))
	every := max(1, (last-first+n-1)/n)
	var ticks []gonum.Tick
	for decade := first; decade <= last; decade++ {
		for m := 1.0; m < 10; m++ {
			v, err := strconv.ParseFloat(strconv.Itoa(int(m))+"e"+strconv.Itoa(decade), 64)
			if err != nil || v < s.low || v > s.high {
				continue
			}
			label := ""
			if m == 1 && decade%every == 0 || (m == 2 || m == 5) && s.high/s.low < 200 {
				label = format(v, v, v)
			}
			if label != "" || every == 1 {
				ticks = append(ticks, gonum.Tick{Value: v, Label: label})
			}
		}
	}
	return ticks
}

// niceStep rounds up to 1, 2 or 5 times a power of ten.
func niceStep(rough float64) float64 {
	power := math.Pow(10, math.Floor(math.Log10(rough)))
	for _, m := range []float64{1, 2, 5} {
		if rough <= m*power*(1+1e-9) {
			return m * power
		}
	}
	return 10 * power
}

// format writes a tick with the decimals that its step needs, thousands apart, and magnitudes that are unreadable so,
// as powers of ten. The largest value of the axis decides, so that all ticks of an axis are of one form.
func format(v, step, largest float64) string {
	if largest >= 1e7 || largest < 1e-4 || step < 1e-7 {
		return scientific(v, 1+digits(largest, step))
	}
	s := strconv.FormatFloat(v, 'f', max(0, int(math.Ceil(-math.Log10(step)-1e-9))), 64)
	if strings.Trim(s, "-0.") == "" {
		return "0"
	}
	whole, fraction, _ := strings.Cut(s, ".")
	for i := len(whole) - 3; i > 0 && whole[i-1] != '-'; i -= 3 {
		whole = whole[:i] + "," + whole[i:]
	}
	if fraction != "" {
		whole += "." + fraction
	}
	return strings.Replace(whole, "-", "−", 1)
}

// scientific writes v to some significant digits as 1.5e8, 2e−5 or, if it is of middling size, as it is.
func scientific(v float64, significant int) string {
	s := strconv.FormatFloat(v, 'g', significant, 64)
	mantissa, exponent, found := strings.Cut(s, "e")
	if found {
		negative := strings.HasPrefix(exponent, "-")
		exponent = strings.TrimLeft(exponent, "+-0")
		if negative {
			exponent = "-" + exponent
		}
		s = mantissa + "e" + exponent
	}
	return strings.ReplaceAll(s, "-", "−")
}

// digits returns how many orders of magnitude lie between the largest value and a step, at most 12.
func digits(largest, step float64) int {
	return min(max(int(math.Ceil(math.Log10(largest/step)-1e-9)), 0), 12)
}

// number writes a value to four significant digits, whole numbers in full.
func number(v float64) string {
	switch magnitude := math.Abs(v); {
	case !drawable(v, false):
		return "–"
	case v == math.Trunc(v) && magnitude < 1e9:
		return format(v, 1, max(magnitude, 1))
	case magnitude < 1e-3 || magnitude >= 1e6:
		return scientific(v, 4)
	default:
		s := strconv.FormatFloat(v, 'f', max(0, min(3-int(math.Floor(math.Log10(magnitude))), 4)), 64)
		return strings.Replace(s, "-", "−", 1)
	}
}

// percent writes a share to a tenth of a hundredth, and a dash of nothing. Only all of it is 100.
func percent(part, whole int) string {
	if whole == 0 {
		return "–"
	}
	if part == whole {
		return "100"
	}
	return strconv.FormatFloat(min(100*float64(part)/float64(whole), 99.9), 'f', 1, 64)
}

func thousands(n int) string { return format(float64(n), 1, 1) }
