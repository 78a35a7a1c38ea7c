package train

import (
	"encoding/json"
	"fmt"
	"maps"
	"math"
	"slices"
	"strconv"
	"strings"
)

// Metrics are the figures of a run, flat, by names such as test/accuracy.
type Metrics map[string]float64

// MarshalJSON writes the metrics in the order of their names; JSON has no NaN, which becomes null.
func (m Metrics) MarshalJSON() ([]byte, error) {
	var b strings.Builder
	for i, name := range slices.Sorted(maps.Keys(m)) {
		if i > 0 {
			b.WriteByte(',')
		}
		value := "null"
		if v := m[name]; !math.IsNaN(v) && !math.IsInf(v, 0) {
			j, err := json.Marshal(v)
			if err != nil {
				return nil, err
			}
			value = string(j)
		}
		fmt.Fprintf(&b, "%q:%s", name, value)
	}
	return []byte("{" + b.String() + "}"), nil
}

// Missed says that a required result was not reached.
type Missed struct {
	Requirement string
	Got         float64
}

func (m *Missed) Error() string { return fmt.Sprintf("required %s, got %.6g", m.Requirement, m.Got) }

// A Requirement is a result that a run must reach, such as test/accuracy>=0.99.
type Requirement struct {
	Metric string
	AtMost bool
	Bound  float64
	text   string
}

// ParseRequirement reads METRIC>=NUMBER or METRIC<=NUMBER.
func ParseRequirement(text string) (Requirement, error) {
	for _, sign := range []string{">=", "<="} {
		if name, number, ok := strings.Cut(text, sign); ok {
			bound, err := strconv.ParseFloat(strings.TrimSpace(number), 64)
			if err != nil {
				break
			}
			return Requirement{strings.TrimSpace(name), sign == "<=", bound, text}, nil
		}
	}
	return Requirement{}, fmt.Errorf("requirement %q: want METRIC>=NUMBER or METRIC<=NUMBER, such as test/accuracy>=0.99", text)
}

// Check returns an error if the metrics miss the requirement, or do not have the metric.
func (r Requirement) Check(m Metrics) error {
	v, ok := m[r.Metric]
	if !ok {
		return fmt.Errorf("requirement %q: there is no such metric; there are %s", r.text,
			strings.Join(slices.Sorted(maps.Keys(m)), ", "))
	}
	if r.AtMost && !(v <= r.Bound) || !r.AtMost && !(v >= r.Bound) {
		return &Missed{r.text, v}
	}
	return nil
}

// AddTo adds to the metrics of a run what its training was: its best epoch, and how long it took.
func (s *Fitting) AddTo(m Metrics) {
	m["val/accuracy"], m["val/loss"], m["best/epoch"], m["epochs"] = s.Best, s.BestLoss, float64(s.BestEpoch), float64(s.Epoch)
	m["steps"], m["seconds"] = float64(s.Step), s.Seconds
}
