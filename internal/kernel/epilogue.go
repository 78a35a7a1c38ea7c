package kernel

// An Epilogue is what is done to a sum before it is stored, while it is in a register: the bias of its column is added,
// then the ReLU taken. The zero Epilogue does nothing.
type Epilogue struct {
	Bias []Float // a number for each column; may be nil
	ReLU bool    // what is below zero becomes zero
}

// from returns e for the columns from j on.
func (e Epilogue) from(j int) Epilogue {
	if e.Bias != nil {
		e.Bias = e.Bias[j:]
	}
	return e
}

// apply does e to c, m×n, after the fact.
func (e Epilogue) apply(m, n int, c []Float, ldc int) {
	if e.Bias == nil && !e.ReLU {
		return
	}
	for i := range m {
		row := c[i*ldc:][:n]
		if e.Bias != nil {
			for j, v := range e.Bias[:n] {
				row[j] += v
			}
		}
		if e.ReLU {
			for j, v := range row {
				if v < 0 {
					row[j] = 0
				}
			}
		}
	}
}
