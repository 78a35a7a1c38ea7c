package tensor

import "math"

// naiveRecurrent computes the hidden states of all steps and the state behind the last one, all in one vector. Inputs are x, h, for
// an LSTM c, the weights and, if there are any, the biases.
func naiveRecurrent(op string, biases bool) func(x []array) array {
	return func(x []array) array {
		sigmoid := func(x float64) float64 { return 1 / (1 + math.Exp(-x)) }
		in, h, rest := x[0], x[1], x[2:]
		c := zeros(h.shape)
		if op == "LSTM" {
			c, rest = rest[0], rest[1:]
		}
		ih, hh := rest[0], rest[1]
		units := h.shape[1]
		// sums returns what the input and what the hidden state adds to a gate of a unit.
		sums := func(h array, n, t, gate, unit int) (own, from float64) {
			row := gate*units + unit
			if biases {
				own, from = rest[2].at(row), rest[3].at(row)
			}
			for j := range in.shape[2] {
				own += ih.at(row, j) * in.at(n, t, j)
			}
			for j := range units {
				from += hh.at(row, j) * h.at(n, j)
			}
			return own, from
		}
		states := zeros([]int{in.shape[0], in.shape[1], units})
		for t := range in.shape[1] {
			before, beforeC := h, c
			both := func(n, gate, unit int) float64 {
				own, from := sums(before, n, t, gate, unit)
				return own + from
			}
			c = build(c.shape, func(i []int) float64 {
				if op != "LSTM" {
					return 0
				}
				return sigmoid(both(i[0], 1, i[1]))*beforeC.at(i...) + sigmoid(both(i[0], 0, i[1]))*math.Tanh(both(i[0], 2, i[1]))
			})
			h = build(h.shape, func(i []int) float64 {
				n, unit := i[0], i[1]
				switch op {
				case "LSTM":
					return sigmoid(both(n, 3, unit)) * math.Tanh(c.at(n, unit))
				case "GRU":
					own, from := sums(before, n, t, 2, unit)
					update := sigmoid(both(n, 1, unit))
					return (1-update)*math.Tanh(own+sigmoid(both(n, 0, unit))*from) + update*before.at(n, unit)
				case "ReLU":
					return max(0, both(n, 0, unit))
				}
				return math.Tanh(both(n, 0, unit))
			})
			each(h.shape, func(i []int) { states.data[(i[0]*in.shape[1]+t)*units+i[1]] = h.at(i...) })
		}
		all := append(append([]float64{}, states.data...), h.data...)
		if op == "LSTM" {
			all = append(all, c.data...)
		}
		return array{[]int{len(all)}, all}
	}
}

// inOne joins all results of a recurrent operation in one vector.
func inOne(ys ...*Tensor) *Tensor {
	flat := make([]*Tensor, len(ys))
	for i, y := range ys {
		flat[i] = y.Reshape(-1)
	}
	return Concat(0, flat...)
}

func recurrentRows() (rows []row) {
	parameters := func(x []*Tensor) Recurrent {
		w := Recurrent{WeightIH: x[0], WeightHH: x[1]}
		if len(x) > 2 {
			w.BiasIH, w.BiasHH = x[2], x[3]
		}
		return w
	}
	lstm := func(x []*Tensor) *Tensor { return inOne(x[0].LSTM(x[1], x[2], parameters(x[3:]))) }
	gru := func(x []*Tensor) *Tensor { return inOne(x[0].GRU(x[1], parameters(x[2:]))) }
	rnn := func(relu bool) func(x []*Tensor) *Tensor {
		return func(x []*Tensor) *Tensor { return inOne(x[0].RNN(x[1], parameters(x[2:]), relu)) }
	}
	// shapes are those of N sequences of T steps of F features, and of H units.
	shapes := func(gates, states, n, t, f, h int, biases bool) [][]int {
		s := [][]int{{n, t, f}}
		for range states {
			s = append(s, []int{n, h})
		}
		s = append(s, []int{gates * h, f}, []int{gates * h, h})
		if biases {
			s = append(s, []int{gates * h}, []int{gates * h})
		}
		return s
	}
	add := func(name string, shapes [][]int, op func(x []*Tensor) *Tensor, naive func(x []array) array, large [][]int) {
		rows = append(rows, row{name: name, shapes: shapes, op: op, naive: naive, large: large})
	}
	bad := func(ps panics) { rows[len(rows)-1].panics = ps }
	w := func(gates, f, h int) Recurrent {
		return Recurrent{WeightIH: New(gates*h, f), WeightHH: New(gates*h, h)}
	}

	add("LSTM", shapes(4, 2, 2, 3, 2, 2, true), lstm, naiveRecurrent("LSTM", true), shapes(4, 2, 10, 4, 19, 21, true))
	bad(panics{
		"LSTM: shapes [2 3] and [2 4] are not an input N×T×F and a state N×H": func() { New(2, 3).LSTM(New(2, 4), New(2, 4), w(4, 3, 4)) },
		"LSTM: a state of shape [3 4] does not fit the input [2 5 3] and 4 units": func() {
			New(2, 5, 3).LSTM(New(3, 4), New(2, 4), w(4, 3, 4))
		},
		"LSTM: a state of shape [2 5] does not fit the input [2 5 3] and 4 units": func() {
			New(2, 5, 3).LSTM(New(2, 4), New(2, 5), w(4, 3, 4))
		},
		"LSTM: a weight of the input of shape [12 3] does not fit the input [2 5 3] and 4 units": func() {
			New(2, 5, 3).LSTM(New(2, 4), New(2, 4), w(3, 3, 4))
		},
		"LSTM: a weight of the state of shape [15 5] does not fit the input [2 5 3] and 4 units": func() {
			New(2, 5, 3).LSTM(New(2, 4), New(2, 4), Recurrent{WeightIH: New(16, 3), WeightHH: New(15, 5)})
		},
		"LSTM: a bias of shape [16 1] does not fit the input [2 5 3] and 4 units": func() {
			New(2, 5, 3).LSTM(New(2, 4), New(2, 4), Recurrent{WeightIH: New(16, 3), WeightHH: New(16, 4), BiasHH: New(16, 1)})
		},
	})
	add("LSTM/without bias", shapes(4, 2, 1, 2, 2, 2, false), lstm, naiveRecurrent("LSTM", false), nil)
	add("LSTM/no steps", shapes(4, 2, 2, 0, 2, 2, true), lstm, naiveRecurrent("LSTM", true), nil)
	add("LSTM/no sequences", shapes(4, 2, 0, 2, 2, 1, true), lstm, naiveRecurrent("LSTM", true), nil)
	add("LSTM/last state only", shapes(4, 2, 2, 2, 1, 2, true),
		func(x []*Tensor) *Tensor { _, h, _ := x[0].LSTM(x[1], x[2], parameters(x[3:])); return h.Reshape(-1) },
		func(x []array) array {
			all := naiveRecurrent("LSTM", true)(x)
			return array{[]int{4}, all.data[8:12]}
		}, nil)
	add("GRU", shapes(3, 1, 2, 3, 2, 2, true), gru, naiveRecurrent("GRU", true), shapes(3, 1, 10, 4, 19, 21, true))
	bad(panics{"GRU: a weight of the input of shape [16 3] does not fit the input [2 5 3] and 4 units": func() {
		New(2, 5, 3).GRU(New(2, 4), w(4, 3, 4))
	}})
	add("GRU/without bias", shapes(3, 1, 1, 2, 2, 2, false), gru, naiveRecurrent("GRU", false), nil)
	add("GRU/no steps", shapes(3, 1, 2, 0, 2, 2, true), gru, naiveRecurrent("GRU", true), nil)
	add("RNN", shapes(1, 1, 2, 3, 2, 2, true), rnn(false), naiveRecurrent("tanh", true), shapes(1, 1, 10, 4, 19, 21, true))
	bad(panics{"RNN: a weight of the input of shape [16 3] does not fit the input [2 5 3] and 4 units": func() {
		New(2, 5, 3).RNN(New(2, 4), w(4, 3, 4), false)
	}})
	add("RNN/ReLU", shapes(1, 1, 2, 3, 2, 2, true), rnn(true), naiveRecurrent("ReLU", true), nil)
	return rows
}
