package minimize

import "fmt"

// A Status says why a minimization ended.
type Status int

// The reasons to end.
const (
	Running     Status = iota // it has not ended
	Converged                 // the gradient is within the tolerance
	Stalled                   // no step along the steepest descent meets the conditions: f is as low as its precision lets it be
	StepsUsedUp               // the last of the steps that were allowed is taken
	Unbounded                 // f falls without end
	NotFinite                 // f or its gradient is NaN or infinite at the start, or the direction is
)

var statuses = [...]string{"running", "converged", "stalled", "steps used up", "unbounded", "not finite"}

func (s Status) String() string {
	if s < 0 || int(s) >= len(statuses) {
		return fmt.Sprintf("Status(%d)", int(s))
	}
	return statuses[s]
}
