package sequence

import (
	"math/rand/v2"

	"github.com/hadal-go/hadal/nn"
	"github.com/hadal-go/hadal/tensor"
)

// Sentence tells the classes of sentences by recurrent layers in both directions, as Graves and Schmidhuber, "Framewise Phoneme
// Classification with Bidirectional LSTM and Other Neural Network Architectures" (2005), https://doi.org/10.1016/j.neunet.2005.06.042,
// read: the vectors of the words, through the layers, to the scores of the classes by what both directions know at their ends.
//
//	N×T words, lengths → scores: N×classes
type Sentence struct {
	Embedding  *nn.Embedding // V×E
	Dropout    nn.Dropout    // of the words' vectors
	Classifier *Classifier   `nn:"."`
}

// NewSentence returns a network of the cells named, for so many words, with PyTorch's initialization.
func NewSentence(r *rand.Rand, cell string, vocabulary, width int, size nn.StackSize, classes int) *Sentence {
	size.In = width
	return &Sentence{nn.NewEmbedding(r, vocabulary, width), nn.Dropout{P: size.Dropout}, NewClassifier(r, cell, size, classes)}
}

// Forward returns the scores (logits) of n sentences of which the first lengths[n] words are there; nil is all.
func (m *Sentence) Forward(p *tensor.Pass, ids []int, n int, lengths []int) *tensor.Tensor {
	return m.Classifier.ForwardLengths(m.Dropout.Forward(embed("Sentence", p, m.Embedding, ids, n)), lengths)
}
