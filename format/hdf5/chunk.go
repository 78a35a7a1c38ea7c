package hdf5

// A chunk is one block of a dataset.
type chunk struct {
	address, size, skipped uint64
	at                     []uint64 // index of its first element, on every axis
}

// chunked reads a dataset in chunks. All of them must be in the file, once each; those at the far edges reach over the shape.
func (in *input) chunked(o *object, convert func([]byte) float32) ([]float32, error) {
	shape, steps := o.space.shape, o.layout.chunk
	if len(steps) != len(shape)+1 || len(shape) == 0 || steps[len(shape)] != o.dtype.size {
		return nil, problemf("chunks of %v do not fit %s %v", steps, o.dtype, shape)
	}
	want, size := uint64(1), o.dtype.size // chunks of the dataset, bytes of a chunk
	for i, n := range shape {
		if steps[i] == 0 || size > 1<<32/steps[i] {
			return nil, problemf("chunks of %v are empty, or of more than 4 GiB", steps)
		}
		size *= steps[i]
		want *= (uint64(n) + steps[i] - 1) / steps[i]
	}
	if o.layout.address == in.undefined() {
		return nil, problemf("its %d chunks were never written", want)
	}
	chunks, err := in.chunks(o, size)
	if err != nil {
		return nil, err
	}
	if uint64(len(chunks)) != want {
		return nil, problemf("has %d chunks, %v in chunks of %v takes %d", len(chunks), shape, steps[:len(shape)], want)
	}
	values := make([]float32, o.space.count)
	for _, c := range chunks {
		data, err := in.load(c.address, c.size, "a chunk")
		if err == nil {
			data, err = undo(o.filters, c.skipped, data, size)
		}
		if err != nil {
			return nil, err
		}
		place(values, shape, data, steps, c.at, convert)
	}
	return values, nil
}

// chunks lists the chunks of a dataset, of size bytes each when unpacked, from its B-tree.
func (in *input) chunks(o *object, size uint64) ([]chunk, error) {
	rank := len(o.space.shape)
	var chunks []chunk
	seen := map[uint64]bool{}
	stored := uint64(0)
	err := in.tree(o.layout.address, treeOfChunks, 8+8*(rank+1), func(key *cursor, child uint64) error {
		c := chunk{address: child, size: key.uint(4), skipped: key.uint(4), at: make([]uint64, rank)}
		number := uint64(0) // among all chunks
		for i, n := range o.space.shape {
			step := o.layout.chunk[i]
			c.at[i] = key.uint(8)
			if c.at[i]%step != 0 || c.at[i] >= uint64(n) {
				key.fail("a chunk begins at %d of an axis of %d in steps of %d", c.at[i], n, step)
			}
			number = number*((uint64(n)+step-1)/step) + c.at[i]/step
		}
		if seen[number] {
			key.fail("the chunk at %v comes twice", c.at)
		}
		seen[number] = true
		if limit := deflateRatio * (c.size + 1); key.err == nil && size > limit {
			key.fail("a chunk of %d bytes cannot hold %d", c.size, size)
		}
		if stored += c.size; key.err == nil && stored > in.size {
			key.fail("the chunks take more bytes than the file has")
		}
		if key.err == nil {
			key.err = in.charge(uint64(8 * rank))
		}
		if key.err == nil && len(o.filters) == 0 && c.size != size {
			key.fail("a chunk has %d bytes, must have %d", c.size, size)
		}
		chunks = append(chunks, c)
		return key.err
	})
	return chunks, err
}

// place converts a chunk into its part of the values, row by row along the last axis.
func place(values []float32, shape []int, data []byte, steps, at []uint64, convert func([]byte) float32) {
	last := len(shape) - 1
	width := steps[last+1]
	row := int(min(steps[last], uint64(shape[last])-at[last])) // elements of a row within the shape
	index := make([]uint64, last)                              // of the row, within the chunk
	for {
		from, to := uint64(0), uint64(0) // element of the chunk, and of the values
		inside := true
		for i := range last {
			from = from*steps[i] + index[i]
			to = to*uint64(shape[i]) + at[i] + index[i]
			inside = inside && at[i]+index[i] < uint64(shape[i])
		}
		if inside {
			from *= steps[last]
			to = to*uint64(shape[last]) + at[last]
			for j := range uint64(row) {
				values[to+j] = convert(data[(from+j)*width:])
			}
		}
		i := last - 1
		for ; i >= 0; i-- {
			if index[i]++; index[i] < steps[i] && at[i]+index[i] < uint64(shape[i]) {
				break
			}
			index[i] = 0
		}
		if i < 0 {
			return
		}
	}
}
