package onnx

// operators are all that there are, by the name in the standard.
var operators map[string]operator = join(
	elementwise, integerOperators, images, normalizations, linear, shapes, indexing, makers, reductions, recurrent, detection,
)

// join puts tables together.
func join(tables ...map[string]operator) map[string]operator {
	all := map[string]operator{}
	for _, t := range tables {
		for name, op := range t {
			all[name] = op
		}
	}
	return all
}
