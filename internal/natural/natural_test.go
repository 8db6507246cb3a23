package natural_test

import (
	"math/rand/v2"
	"slices"
	"testing"

	"github.com/droverhq/drover/internal/natural"
)

func TestNamesSortAsPeopleCount(t *testing.T) {
	want := []string{"", "2", "10", "Shop", "shop 2", "SHOP 2b", "shop 10", "shop 010b", "shop 20240131", "shop 99999999999999999999",
		"v1.2", "v1.10", "Über", "ÜBER 2"}
	for range 20 {
		got := slices.Clone(want)
		rand.Shuffle(len(got), func(i, j int) { got[i], got[j] = got[j], got[i] })
		natural.Sort(got, func(name string) string { return name })
		if !slices.Equal(got, want) {
			t.Fatalf("%q, want %q", got, want)
		}
	}
}

func FuzzKey(f *testing.F) {
	f.Add("shop ", uint32(2), uint32(10))
	f.Add("\xff0", uint32(0), uint32(7))
	f.Fuzz(func(t *testing.T, before string, one, other uint32) {
		name := func(n uint32) string { return before + " " + string(rune('a'+n%26)) }
		if a, b := natural.Key(name(one)), natural.Key(name(other)); (a < b) != (one%26 < other%26) {
			t.Errorf("%q and %q sort as %q and %q", name(one), name(other), a, b)
		}
	})
}
