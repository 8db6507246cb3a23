package operation

import "slices"

// Judgement is what a request does, whatever it is called.
type Judgement struct {
	Effect     Effect
	Operations []string // the built-in operations that it is in truth
	Abilities  []string // the abilities that it runs: what a site says of one may raise the effect
}

// and is what two requests do together.
func (j Judgement) and(other Judgement) Judgement {
	return Judgement{Most(j.Effect, other.Effect), union(j.Operations, other.Operations), union(j.Abilities, other.Abilities)}
}

func union(some, more []string) []string {
	all := append(slices.Clone(some), more...)
	slices.Sort(all)
	return slices.Compact(all)
}

// Exceeds tells whether j does something that other does not.
func (j Judgement) Exceeds(other Judgement) bool {
	foreign := func(name string) bool { return !slices.Contains(other.Operations, name) }
	unknown := func(ability string) bool { return !slices.Contains(other.Abilities, ability) }
	return other.Effect.LessThan(j.Effect) || slices.ContainsFunc(j.Operations, foreign) || other.Effect != Destroy && slices.ContainsFunc(j.Abilities, unknown)
}
