package validation

import (
	"strconv"
	"testing"
)

func TestParseCountReadsNumbersAsTheyAreShown(t *testing.T) {
	t.Parallel()
	for text, want := range map[string]int{
		"3": 3, " 412 ": 412, "1234": 1234, "1,234": 1234, "1.234": 1234, "1 234": 1234, "1'234": 1234, "1’234": 1234, "1\u00a0234": 1234, "1\u202f234": 1234,
		"1\u2009234": 1234, "12,345,678": 12345678, "10.000": 10000, "\u202f5,000\u00a0": 5000,
		"": -1, "1,23": -1, "1.5": -1, "12,34": -1, "1,234.567": -1, "1,2345": -1, ",123": -1, "-3": -1, "+3": -1, "3e2": -1, "three": -1, "1234,567": -1,
		"3 sites": -1, "99999999999999999999": -1, "0x10": -1, "1__234": -1, "1 \u00a0234": -1,
		"0.500": -1, "0,412": -1, "000,001": -1, "0": 0, "007": 7, "١٢": -1, "1,2,3": -1,
	} {
		if got := ParseCount(text); got != want {
			t.Errorf("%q: %d, want %d", text, got, want)
		}
	}
}

func FuzzParseCount(f *testing.F) {
	f.Add("1,234")
	f.Fuzz(func(t *testing.T, text string) {
		if n := ParseCount(text); n < -1 || n >= 0 && ParseCount(strconv.Itoa(n)) != n {
			t.Errorf("%q: %d", text, n)
		}
	})
}
