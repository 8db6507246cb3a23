package endpoint

import "fmt"

// Fault is what is wrong with something that a person wrote, as a sentence that says what to do.
type Fault string

func (f Fault) Error() string { return string(f) }

func fault(format string, args ...any) error { return Fault(fmt.Sprintf(format, args...)) }
