package hdf5

// chunkBytes is how many bytes of a contiguous dataset are converted at a time, so that little memory is needed beside the numbers. Every
// number's size divides it.
const chunkBytes = 64 << 10

// Floats returns the elements of a dataset of integers or IEEE floats in row-major order, rounded to float32 where that is needed.
func (f *File) Floats(path string) ([]float32, error) {
	o, err := f.object(path)
	if err != nil {
		return nil, err
	}
	if o.group {
		return nil, FormatError{clean(path), "is a group, not a dataset"}
	}
	in := *f.in // Its account of memory is this call's own.
	in.charged = 0
	values, err := in.floats(o)
	return values, located(clean(path), err)
}

func (in *input) floats(o *object) ([]float32, error) {
	if o.problem != nil {
		return nil, o.problem
	}
	convert, err := o.dtype.number()
	if err != nil {
		return nil, err
	}
	if o.space.count == 0 {
		return []float32{}, nil
	}
	size := o.space.count * o.dtype.size
	switch o.layout.class {
	case layoutCompact:
		if uint64(len(o.layout.inline)) != size {
			return nil, problemf("%s %v takes %d bytes, its header holds %d", o.dtype, o.space.shape, size, len(o.layout.inline))
		}
		return appendAll(make([]float32, 0, o.space.count), o.layout.inline, o.dtype.size, convert), nil
	case layoutContiguous:
		if o.layout.address == in.undefined() {
			return nil, problemf("its %d numbers were never written", o.space.count)
		}
		if o.layout.size != size {
			return nil, problemf("%s %v takes %d bytes, the file holds %d", o.dtype, o.space.shape, size, o.layout.size)
		}
		if _, err := in.check(o.layout.address, size, "its data"); err != nil {
			return nil, err
		}
		values := make([]float32, 0, o.space.count)
		for at := uint64(0); at < size; at += chunkBytes {
			part, err := in.load(o.layout.address+at, min(chunkBytes, size-at), "its data")
			if err != nil {
				return nil, err
			}
			values = appendAll(values, part, o.dtype.size, convert)
		}
		return values, nil
	}
	return in.chunked(o, convert)
}

// appendAll converts elements of size bytes.
func appendAll(values []float32, data []byte, size uint64, convert func([]byte) float32) []float32 {
	for ; len(data) > 0; data = data[size:] {
		values = append(values, convert(data))
	}
	return values
}
