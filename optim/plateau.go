package optim

import "math"

// A Plateau lowers the learning rate when a figure no longer gets better (PyTorch's ReduceLROnPlateau). Unlike a Schedule it depends on
// what happens, so that its exported numbers belong to the state of a run.
type Plateau struct {
	Factor    float64 `json:"-"` // by which the learning rate is multiplied
	Patience  int     `json:"-"` // figures in a row that may be no better
	Threshold float64 `json:"-"` // by how much a figure must be better than the best
	Absolute  bool    `json:"-"` // Threshold is a number, and not a part of the best
	Greater   bool    `json:"-"` // greater figures are better
	Cooldown  int     `json:"-"` // figures that do not count behind a cut
	Floor     float64 `json:"-"` // the least learning rate

	LR   float64 `json:"lr"`
	Best float64 `json:"best"`
	Seen bool    `json:"seen"` // whether there is a Best
	Bad  int     `json:"bad"`  // figures in a row that were no better
	Cool int     `json:"cool"` // figures still to leave out
}

// NewPlateau returns PyTorch's defaults: a tenth, after ten figures that are not a ten-thousandth better.
func NewPlateau(lr float64) *Plateau {
	return &Plateau{LR: lr, Factor: 0.1, Patience: 10, Threshold: 1e-4}
}

// Next takes in a figure, such as the validation loss of an epoch, and returns the learning rate from now on.
func (p *Plateau) Next(figure float64) float64 {
	if p.better(figure) {
		p.Best, p.Seen, p.Bad = figure, true, 0
	} else {
		p.Bad++
	}
	if p.Cool > 0 {
		p.Cool, p.Bad = p.Cool-1, 0
	}
	if p.Bad > p.Patience {
		if lower := max(p.LR*p.Factor, p.Floor); p.LR-lower > 1e-8 {
			p.LR = lower
		}
		p.Cool, p.Bad = p.Cooldown, 0
	}
	return p.LR
}

// better compares a figure with the best. What is not finite is no better than anything, and could not be saved.
func (p *Plateau) better(figure float64) bool {
	if math.IsNaN(figure) || math.IsInf(figure, 0) {
		return false
	}
	if !p.Seen {
		return true
	}
	margin := p.Threshold
	if !p.Absolute {
		margin *= p.Best
	}
	if p.Greater {
		return figure > p.Best+margin
	}
	return figure < p.Best-margin
}
