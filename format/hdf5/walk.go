package hdf5

// An object is a group or a dataset.
type object struct {
	group      bool
	attributes []attribute
	dense      bool // It has attributes that are kept outside its header.

	space   dataspace
	dtype   datatype
	layout  layout
	filters []filter
	problem error // why the dataset cannot be read, if so
}

// A walk goes through all groups once.
type walk struct {
	in   *input
	file *File
	seen map[uint64]*object // by the address of the header
}

// visit reads the object at an address and, if it is a group, all that is below it.
func (w *walk) visit(path string, address uint64) error {
	if o, ok := w.seen[address]; ok {
		if o.group {
			return FormatError{path, "is a group that other groups hold too, and so may hold itself"}
		}
		w.keep(path, o) // A dataset may have several names.
		return nil
	}
	messages, err := w.in.header(address)
	if err != nil {
		return located(path, err)
	}
	o := &object{}
	w.seen[address] = o
	links, err := w.in.describe(o, messages)
	if err != nil {
		return located(path, err)
	}
	w.keep(path, o)
	for _, l := range links {
		below := l.name
		if path != "" {
			below = path + "/" + l.name
		}
		if err := w.in.charge(uint64(len(below)) + 64); err != nil {
			return located(path, err)
		}
		if _, twice := w.file.objects[below]; twice {
			return FormatError{path, "holds " + quote(l.name) + " twice"}
		}
		if err := w.visit(below, l.address); err != nil {
			return err
		}
	}
	return nil
}

func (w *walk) keep(path string, o *object) {
	w.file.objects[path] = o
	if !o.group {
		w.file.paths = append(w.file.paths, path)
	}
}

// describe fills an object in from the messages of its header, and returns the links of a group. What is wrong with the numbers of a
// dataset is kept in it, so that the others can be read.
func (in *input) describe(o *object, messages []message) ([]link, error) {
	var links []link
	var parts [256]int // how many messages of a kind there were
	note := func(err error) {
		if o.problem == nil {
			o.problem = err
		}
	}
	for _, m := range messages {
		parts[m.kind]++
		var err error
		switch m.kind {
		case messageSymbolTable:
			o.group = true
			links, err = in.symbolTable(links, m)
		case messageLink:
			o.group = true
			links, err = in.link(links, m)
		case messageLinkInfo:
			o.group = true
			err = in.linkInfo(m)
		case messageAttribute:
			var a attribute
			a, err = in.attribute(m)
			o.attributes = append(o.attributes, a)
		case messageAttributes:
			o.dense, err = in.attributeInfo(m)
		case messageSpace:
			c := m.cursor(in, "dataspace")
			o.space = c.dataspace()
			note(c.err)
		case messageType:
			c := m.cursor(in, "datatype")
			o.dtype = c.datatype()
			note(c.err)
		case messageLayout:
			o.layout, err = in.layout(m)
			note(err)
			err = nil
		case messageFilters:
			o.filters, err = in.filters(m)
			note(err)
			err = nil
		}
		if err != nil {
			return nil, err
		}
	}
	if o.group {
		return links, nil
	}
	for kind, name := range map[int]string{messageSpace: "dataspace", messageType: "datatype", messageLayout: "layout"} {
		if parts[kind] != 1 {
			note(problemf("has %d messages of its %s, must have one", parts[kind], name))
		}
	}
	return nil, nil
}
