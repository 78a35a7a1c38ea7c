package text

import (
	"math"
	"math/rand/v2"
	"strings"
	"testing"
)

func near(a, b float64) bool { return math.Abs(a-b) <= 1e-12*max(1, math.Abs(b)) }

// By hand: the text a b a c a b, a vocabulary of a, b, c, d, bigrams ab 2, ba 1, ac 1, ca 1.
//
// Of the bigrams n₁ = 3 and n₂ = 1, too few for equation 26, so D = 3/(3+2·1) = 0.6. Different tokens stand before a (b and c),
// before b (a) and before c (a): counts 2, 1, 1, so n₁ = 2, n₂ = 1 and D = 2/4 = 0.5.
//
//	P(a) = (2 − 0.5)/4 + (3·0.5)/4 · 1/4 = 0.375 + 0.09375 = 0.46875
//	P(b) = P(c) = 0.125 + 0.09375 = 0.21875, P(d) = 0.09375
//	P(b|a) = (2 − 0.6)/3 + (2·0.6)/3 · P(b) = 0.466… + 0.4·0.21875 = 0.554166…
//	P(d|a) = 0.4 · 0.09375 = 0.0375
//	P(a|b) = (1 − 0.6)/1 + 0.6·0.46875 = 0.68125
//	P(a|d) = P(a), since d is no history
func TestKneserNeyByHand(t *testing.T) {
	m, err := NewKneserNey(2, 4, Held{0, 1, 0, 2, 0, 1})
	if err != nil {
		t.Fatal(err)
	}
	const a, b, c, d = 0, 1, 2, 3
	for _, tt := range []struct {
		history []int
		token   int
		want    float64
	}{
		{nil, a, .46875}, {nil, b, .21875}, {nil, c, .21875}, {nil, d, .09375},
		{[]int{a}, b, 1.4/3 + .4*.21875}, {[]int{a}, d, .0375}, {[]int{b}, a, .68125}, {[]int{c, b}, a, .68125}, {[]int{d}, a, .46875},
		{[]int{99}, a, .46875}, {nil, 4, 0}, {nil, -1, 0},
	} {
		if got := m.Probability(tt.history, tt.token); !near(got, tt.want) {
			t.Errorf("P(%d|%v) = %v, want %v", tt.token, tt.history, got, tt.want)
		}
	}
	// The perplexity of b a d: P(a|b) · P(d|a), the root, and its inverse.
	want := 1 / math.Sqrt(.68125*.0375)
	if got, err := m.Perplexity(Held{b, a, d}); err != nil || !near(got, want) {
		t.Errorf("Perplexity = %v, %v, want %v", got, err, want)
	}
}

// directly computes the probability from the formula, counting the text anew each time.
func directly(ids []int, size, order int, discounts [][3]float64, history []int, token int) float64 {
	// count is how often an n-gram occurs, or how many different tokens stand before it.
	occurs := func(gram []int, at int) bool {
		if at < 0 || at+len(gram) > len(ids) {
			return false
		}
		for i, x := range gram {
			if ids[at+i] != x {
				return false
			}
		}
		return true
	}
	count := func(gram []int) int {
		n, before := 0, map[int]bool{}
		for at := range ids {
			if occurs(gram, at) {
				n++
				if at > 0 {
					before[ids[at-1]] = true
				}
			}
		}
		if len(gram) < order {
			return len(before)
		}
		return n
	}
	if len(history) > order-1 {
		history = history[len(history)-order+1:]
	}
	lower := 1 / float64(size)
	if len(history) > 0 {
		lower = directly(ids, size, order, discounts, history[1:], token)
	}
	sum, left, p := 0, 0.0, 0.0
	d := discounts[len(history)]
	for x := range size {
		n := count(append(append([]int(nil), history...), x))
		if n == 0 {
			continue
		}
		sum += n
		left += d[min(n, 3)-1]
		if x == token {
			p = float64(n) - d[min(n, 3)-1]
		}
	}
	if sum == 0 {
		return lower
	}
	return (p + left*lower) / float64(sum)
}

// Probabilities are those of the formula, and for every history sum to one.
func TestKneserNeyByTheFormula(t *testing.T) {
	r := rand.New(rand.NewPCG(7, 8))
	const size = 6
	for order := 1; order <= 4; order++ {
		ids := make(Held, 300)
		plain := make([]int, len(ids))
		for i := range ids {
			ids[i] = int32(math.Sqrt(float64(r.IntN(25)))) // 0 to 4, unequally; 5 never occurs
			plain[i] = int(ids[i])
		}
		m, err := NewKneserNey(order, size, ids)
		if err != nil {
			t.Fatal(err)
		}
		for range 60 {
			history := make([]int, r.IntN(order+1))
			for i := range history {
				history[i] = r.IntN(size)
			}
			sum := 0.0
			for x := range size {
				got, want := m.Probability(history, x), directly(plain, size, order, m.Discounts, history, x)
				if !near(got, want) || !(got > 0) {
					t.Fatalf("order %d: P(%d|%v) = %v, want %v", order, x, history, got, want)
				}
				sum += got
			}
			if math.Abs(sum-1) > 1e-9 {
				t.Fatalf("order %d: the probabilities behind %v sum to %v", order, history, sum)
			}
		}
		// The perplexity, from probabilities behind whole histories.
		test := plain[:50]
		loss := 0.0
		for i := 1; i < len(test); i++ {
			loss -= math.Log(directly(plain, size, order, m.Discounts, test[:i], test[i]))
		}
		if got, err := m.Perplexity(ids[:50]); err != nil || !near(got, math.Exp(loss/float64(len(test)-1))) {
			t.Errorf("order %d: Perplexity = %v, %v, want %v", order, got, err, math.Exp(loss/float64(len(test)-1)))
		}
	}
}

// Equation 26, with counts of counts 10, 6, 3, 2.
func TestDiscounts(t *testing.T) {
	y := 10 / (10 + 2*6.)
	want := [3]float64{1 - 2*y*6/10, 2 - 3*y*3/6, 3 - 4*y*2/3}
	if got := discounts([5]float64{0, 10, 6, 3, 2}); !near(got[0], want[0]) || !near(got[1], want[1]) || !near(got[2], want[2]) {
		t.Errorf("discounts = %v, want %v", got, want)
	}
	for _, n := range [][5]float64{{}, {0, 0, 5, 1, 1}, {0, 5, 0, 0, 0}} {
		if got := discounts(n); got != [3]float64{.5, .5, .5} {
			t.Errorf("discounts(%v) = %v, want ½", n, got)
		}
	}
}

func TestKneserNeyRefuses(t *testing.T) {
	for want, err := range map[string]error{
		"has no tokens":          second(NewKneserNey(2, 4, Held{})),
		"want at least one":      second(NewKneserNey(0, 4, Held{1})),
		"token 1 is 4, in a voc": second(NewKneserNey(2, 4, Held{1, 4})),
		"token 0 is -1":          second(NewKneserNey(2, 4, Held{-1})),
	} {
		if err == nil || !strings.Contains(err.Error(), want) {
			t.Errorf("error %v, want %q", err, want)
		}
	}
	m, err := NewKneserNey(3, 4, Held{1, 2})
	if err != nil {
		t.Fatal(err)
	}
	for want, err := range map[string]error{
		"none that follows": second(m.Perplexity(Held{1})), "token 1 is 9": second(m.Perplexity(Held{1, 9})),
	} {
		if err == nil || !strings.Contains(err.Error(), want) {
			t.Errorf("error %v, want %q", err, want)
		}
	}
}

func second[T any](_ T, err error) error { return err }

// On real text more history helps.
func TestKneserNeyOfShakespeare(t *testing.T) {
	whole := shakespeare(t)
	tok, err := Training{}.Characters(Strings(whole))
	if err != nil {
		t.Fatal(err)
	}
	ids, err := tok.Tokenize(Strings(whole))
	if err != nil {
		t.Fatal(err)
	}
	cut := len(ids) * 9 / 10
	last := math.Inf(1)
	for _, order := range []int{1, 2, 5} {
		m, err := NewKneserNey(order, tok.Len(), ids[:cut])
		if err != nil {
			t.Fatal(err)
		}
		p, err := m.Perplexity(ids[cut:])
		if err != nil {
			t.Fatal(err)
		}
		nats := math.Log(p)
		t.Logf("order %d: %.3f nats a character, %d n-grams, discounts %.2f", order, nats, len(m.nodes)-1, m.Discounts)
		if !(nats < last-.1) {
			t.Errorf("order %d has %.3f nats, the order before %.3f", order, nats, last)
		}
		last = nats
	}
	if last > 1.7 {
		t.Errorf("five characters give %.3f nats, want less than 1.7", last)
	}
}
