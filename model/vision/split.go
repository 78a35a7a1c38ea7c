package vision

import (
	"github.com/hadal-go/hadal/nn"
	"github.com/hadal-go/hadal/tensor"
)

// A Split network runs in two parts: Forward(x) is Head(Body(x)). The head is what depends on the number of classes. While it is trained
// alone, the body has to run once only for each picture.
type Split interface {
	nn.Layer
	Body(x *tensor.Tensor) *tensor.Tensor
	Head(h *tensor.Tensor) *tensor.Tensor
}

// Body returns maps, N×13×13×512 of pictures of 224×224: what the head is a convolution of.
func (m *SqueezeNet) Body(x *tensor.Tensor) *tensor.Tensor { return m.Features.Forward(x) }

// Head returns the scores by what Body returned.
func (m *SqueezeNet) Head(h *tensor.Tensor) *tensor.Tensor { return m.Classifier.Forward(h) }

// Body returns the features of pictures, N×1280.
func (m *MobileNetV2) Body(x *tensor.Tensor) *tensor.Tensor {
	return nn.GlobalAvgPool(m.Features.Forward(x))
}

// Head returns the scores by what Body returned.
func (m *MobileNetV2) Head(h *tensor.Tensor) *tensor.Tensor { return m.Classifier.Forward(h) }

// Body returns the features of pictures, N×1280.
func (m *EfficientNetLite) Body(x *tensor.Tensor) *tensor.Tensor {
	layers := m.layers()
	return layers[:len(layers)-1].Forward(x)
}

// Head returns the scores by what Body returned.
func (m *EfficientNetLite) Head(h *tensor.Tensor) *tensor.Tensor { return m.Classifier.Forward(h) }

// Body returns the features of pictures: N×512 of ResNet-18 and 34, N×2048 of deeper ones.
func (m *ResNet) Body(x *tensor.Tensor) *tensor.Tensor {
	x = m.Conv1.ForwardNormReLU(x, m.BN1, nil)
	x = m.MaxPool.Forward(x)
	for _, layer := range []nn.Chain{m.Layer1, m.Layer2, m.Layer3, m.Layer4} {
		x = layer.Forward(x)
	}
	return nn.GlobalAvgPool(x)
}

// Head returns the scores by what Body returned.
func (m *ResNet) Head(h *tensor.Tensor) *tensor.Tensor { return m.FC.Forward(h) }

// Body returns the features of pictures, N×128.
func (m *CNN) Body(x *tensor.Tensor) *tensor.Tensor { return nn.GlobalAvgPool(m.Features.Forward(x)) }

// Head returns the scores by what Body returned.
func (m *CNN) Head(h *tensor.Tensor) *tensor.Tensor { return m.FC.Forward(h) }

// Body returns the features of pictures: N×1024 for a width of 1.
func (m *MobileNetV1) Body(x *tensor.Tensor) *tensor.Tensor {
	return append(m.layers(), nn.Func(nn.GlobalAvgPool)).Forward(x)
}

// Head returns the scores by what Body returned.
func (m *MobileNetV1) Head(h *tensor.Tensor) *tensor.Tensor { return m.Classifier.Forward(h) }
