package vision

import (
	"fmt"
	"math/rand/v2"
)

// NewResNeXt returns the network of Xie et al., "Aggregated Residual Transformations for Deep Neural Networks" (2016),
// https://arxiv.org/abs/1611.05431, for pictures of about 224×224: a ResNet of depth 50, 101 or 152 in whose bottlenecks the
// convolution of 3×3 has groups, as many as the cardinality, of groupWidth channels in the first layer. The paper's are, at depth
// 50, 32 groups of 4 (25,028,904 parameters for a thousand classes), and at depth 101 64 of 4; torchvision has 32 of 8 there, too.
//
//	x: N×H×W×3 → scores: N×classes
func NewResNeXt(r *rand.Rand, depth, cardinality, groupWidth, classes int) *ResNet {
	plan := tableOne(depth)
	if !plan.bottleneck {
		panic(fmt.Sprintf("vision: NewResNeXt: there is no depth of %d with bottlenecks; it is 50, 101 or 152", depth))
	}
	plan.groups, plan.groupWidth = cardinality, groupWidth
	return newResNet(r, conv7x7(r, 64), plan, classes).pooled()
}

// NewCIFARResNeXt returns the network of section 5.3 for pictures of 32×32, of depth 9·n + 2, in the paper 29, with 8 or 16 groups
// of 64 channels in the first layer: 34,426,698 parameters for 8 and ten classes.
func NewCIFARResNeXt(r *rand.Rand, depth, cardinality, groupWidth, classes int) *ResNet {
	n := perLayer("NewCIFARResNeXt", depth, 9)
	return newResNet(r, conv3x3(r, 3, 64, 1), resNetPlan{[]int{n, n, n}, true, cardinality, groupWidth, project}, classes)
}
