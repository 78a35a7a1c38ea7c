package bench

import (
	"fmt"
	"io"
	"math"
	"strings"
)

// Ratio returns how many times as fast as the best setting of another family Hadal is, with all threads; 0 where either did not
// run or their numbers do not agree.
func (c Comparison) Ratio(family string, threads int) float64 {
	ours, theirs := c.Best(Hadal, threads), c.Best(family, threads)
	if ours == nil || theirs == nil {
		return 0
	}
	return theirs.Median() / ours.Median()
}

// Hadal is the family of our own settings.
const Hadal = "Hadal"

// Families returns those of the others, in their order.
func Families(all []Comparison) []string {
	var families []string
	seen := map[string]bool{Hadal: true}
	for _, c := range all {
		for _, t := range c.Timings {
			if f := t.Setting.Family; !seen[f] {
				seen[f] = true
				families = append(families, f)
			}
		}
	}
	return families
}

// Report writes comparisons as tables in Markdown, one for each group of workloads. one and many are the limits with one thread
// and with all.
func Report(out io.Writer, all []Comparison, one, many Limits) error {
	var b strings.Builder
	families, n := Families(all), many.Threads
	target := ""
	if len(families) > 0 {
		target = families[0]
	}
	fmt.Fprintf(&b, "Times in milliseconds: the median of the rounds, ± half of what lies between the least and the greatest.\n"+
		"Limits of this machine: %.0f GFLOP/s of multiply-adds on one thread, %.0f on %d; %.1f and %.1f GB/s of memory.\n",
		one.Flops/1e9, many.Flops/1e9, n, one.Bytes/1e9, many.Bytes/1e9)
	for _, group := range groups(all) {
		fmt.Fprintf(&b, "\n### %s\n\n| workload | Hadal 1 | %d | of the limit, 1 | %d |", title(group), n, n)
		rule := "|---|---:|---:|---:|---:|"
		for _, f := range families {
			fmt.Fprintf(&b, " %s 1 | %d | ratio 1 | %d |", f, n, n)
			rule += "---:|---:|---:|---:|"
		}
		if target != "" {
			b.WriteString(" target |")
			rule += "---:|"
		}
		b.WriteString("\n" + rule + "\n")
		for _, c := range all {
			if c.Workload.Group != group {
				continue
			}
			ours, whole := c.Best(Hadal, 1), c.Best(Hadal, n)
			fmt.Fprintf(&b, "| %s | %s | %s | %s | %s |", c.Workload.Name, ms(ours), ms(whole), share(one, c.Workload, ours), share(many, c.Workload, whole))
			for _, f := range families {
				fmt.Fprintf(&b, " %s | %s | %s | %s |", ms(c.Best(f, 1)), ms(c.Best(f, n)),
					ratio(c.Ratio(f, 1)), emphasized(c.Ratio(f, n), f == target, c.Workload.Target))
			}
			if target != "" {
				fmt.Fprintf(&b, " %.4g |", c.Workload.Target)
			}
			b.WriteString("\n")
		}
	}
	for _, f := range families {
		if mean, rows := GeometricMean(all, f, n); rows > 0 {
			fmt.Fprintf(&b, "\nGeometric mean of the ratios against %s with %d threads, %d workloads: **%.2f**.\n", f, n, rows, mean)
		}
	}
	b.WriteString(memory(all, target, n))
	b.WriteString(tails(all, target, n))
	b.WriteString(problems(all))
	_, err := io.WriteString(out, b.String())
	return err
}

// GeometricMean returns that of the ratios against a family, and of how many workloads.
func GeometricMean(all []Comparison, family string, threads int) (mean float64, rows int) {
	var logs float64
	for _, c := range all {
		if r := c.Ratio(family, threads); r > 0 {
			logs += math.Log(r)
			rows++
		}
	}
	return math.Exp(logs / float64(max(1, rows))), rows
}

// memory is a table of how far the processes grew in training steps.
func memory(all []Comparison, family string, threads int) string {
	var b strings.Builder
	for _, c := range all {
		ours, theirs := c.Best(Hadal, threads), c.Best(family, threads)
		if !c.Workload.Step() || ours == nil || theirs == nil || ours.Peak == 0 || theirs.Peak == 0 {
			continue
		}
		if b.Len() == 0 {
			fmt.Fprintf(&b, "\n### Peak memory of training steps\n\n| workload | Hadal, MB | %s, MB | ratio |\n|---|---:|---:|---:|\n", family)
		}
		fmt.Fprintf(&b, "| %s | %.1f | %.1f | %.2f |\n", c.Workload.Name, float64(ours.Peak)/1e6, float64(theirs.Peak)/1e6,
			float64(ours.Peak)/float64(theirs.Peak))
	}
	return b.String()
}

// tails is a table of how long the slowest of a hundred inferences take.
func tails(all []Comparison, family string, threads int) string {
	var b strings.Builder
	for _, c := range all {
		ours := c.Best(Hadal, threads)
		if c.Workload.Kind != "inference" || ours == nil {
			continue
		}
		if b.Len() == 0 {
			b.WriteString("\n### Inference: the slowest of a hundred\n\n| workload | Hadal median, ms | p99, ms | theirs, ms | p99, ms |\n|---|---:|---:|---:|---:|\n")
		}
		theirs := c.Best(family, threads)
		tail := "—"
		if theirs != nil {
			tail = number(1e3 * theirs.Tail())
		}
		fmt.Fprintf(&b, "| %s | %s | %s | %s | %s |\n", c.Workload.Name, ms(ours), number(1e3*ours.Tail()), ms(theirs), tail)
	}
	return b.String()
}

// problems lists what did not run or does not agree.
func problems(all []Comparison) string {
	var b strings.Builder
	for _, c := range all {
		for _, t := range c.Timings {
			if t.Problem != "" && !strings.HasPrefix(t.Problem, absent) {
				fmt.Fprintf(&b, "\n- %s, %s (%d threads): %s", c.Workload.Name, t.Setting.Label, t.Setting.Threads, t.Problem)
			}
		}
	}
	if b.Len() == 0 {
		return ""
	}
	return "\nNot counted:\n" + b.String() + "\n"
}

// absent begins what a peer answers that does not have a workload at all.
const absent = "there is no "

func groups(all []Comparison) []string {
	var groups []string
	seen := map[string]bool{}
	for _, c := range all {
		if g := c.Workload.Group; !seen[g] {
			seen[g] = true
			groups = append(groups, g)
		}
	}
	return groups
}

func title(s string) string { return strings.ToUpper(s[:1]) + s[1:] }

// ms writes a median in milliseconds, with the spread of the rounds.
func ms(t *Timing) string {
	if t == nil {
		return "—"
	}
	return fmt.Sprintf("%s ±%.0f %%", number(1e3*t.Median()), 50*t.Spread())
}

// number writes three digits that count.
func number(v float64) string {
	digits := max(0, 2-int(math.Floor(math.Log10(max(v, 1e-4)))))
	return fmt.Sprintf("%.*f", digits, v)
}

func share(l Limits, w Workload, t *Timing) string {
	if least := l.Least(w); t != nil && least > 0 {
		return fmt.Sprintf("%.0f %%", 100*least/t.Median())
	}
	return "—"
}

func ratio(r float64) string {
	if r == 0 {
		return "—"
	}
	return fmt.Sprintf("%.2f", r)
}

// emphasized writes a ratio that meets its target in bold.
func emphasized(r float64, counts bool, target float64) string {
	if counts && r >= target {
		return "**" + ratio(r) + "**"
	}
	return ratio(r)
}
