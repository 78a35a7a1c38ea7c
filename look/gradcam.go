package look

import (
	"fmt"

	"github.com/hadal-go/hadal/nn"
	"github.com/hadal-go/hadal/tensor"
)

// GradCAM says which places of pictures spoke for a class, as a layer saw them (Selvaraju et al. 2017,
// https://arxiv.org/abs/1610.02391, equations 1 and 2). With A the K maps of the layer and y the score of the class, not yet a
// probability,
//
//	α_k = mean over i, j of ∂y/∂A_ijk,   heat = ReLU(Σ_k α_k·A_k).
//
// x is N×H×W×C, with a class for each picture; the heat is N×h×w×1, of the size of the layer's maps. An empty name means the last
// layer that has maps of more than one pixel on which the score depends, which is the usual choice: of a transformer whose class is read
// from one token, that is the normalization before its last attention.
func GradCAM(model nn.Layer, x *tensor.Tensor, classes []int, layer string) (heat *tensor.Tensor, err error) {
	scores, v := record(model, x)
	defer v.Pass().End()
	layers := Layers(model, v)
	l, err := choose(layers, layer)
	if err != nil {
		return nil, err
	}
	score := scoresOf(scores, classes)
	g := l.slope(score)
	for i := len(layers) - 2; i >= 0 && layer == "" && !counts(g); i-- {
		if earlier := layers[i].slope(score); counts(earlier) {
			l, g = layers[i], earlier
		}
	}
	if g == nil {
		return nil, fmt.Errorf("the scores do not depend on layer %s", l.Name)
	}
	alpha := g.MeanKeep(1, 2)                                          // N×1×1×K
	return l.Maps.Mul(alpha).Sum(-1).ReLU().Unsqueeze(-1).Clone(), nil // N×h×w×1
}

// slope returns the derivative of the score by the maps, nil if they do not lead to it.
func (l Layer) slope(score *tensor.Tensor) *tensor.Tensor {
	if g := tensor.Grad(score, l.made)[0]; g != nil {
		return l.place(g)
	}
	return nil
}

// counts reports whether a derivative is something and not zero throughout.
func counts(g *tensor.Tensor) bool { return g != nil && g.Square().Sum().Item() > 0 }
