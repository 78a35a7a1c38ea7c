package optim

// A Sequence is the schedule First for so many Steps, and then another one from its step 0 on (PyTorch's SequentialLR): a head that is
// trained alone before the whole network is.
type Sequence struct {
	First Schedule
	Steps int
	Then  Schedule
}

// At returns the learning rate of a step.
func (s Sequence) At(step int) float64 {
	if s.First == nil || s.Then == nil {
		fail("Sequence", "there is no schedule First, or none Then")
	}
	if step < s.Steps {
		return s.First.At(step)
	}
	return s.Then.At(step - s.Steps)
}
