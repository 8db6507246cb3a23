package expression

import (
	"bufio"
	"bytes"
	"encoding/binary"
	"encoding/json"
	"errors"
	"fmt"
	"io"
	"os"
	"runtime/debug"
)

// childCommand is what the binary is started with again to be a child.
const childCommand = "evaluate-expressions"

// A child begins here and not in main: so does every binary that holds this package, tests too, which would else run themselves once more.
func init() {
	if len(os.Args) == 2 && os.Args[1] == childCommand {
		os.Exit(beChild(os.Stdin, os.Stdout))
	}
}

// task is the first message to a child.
type task struct {
	Rows    string
	Columns []Column
	CPU     uint64 // seconds
	Memory  uint64 // bytes
}

const (
	exitDone = iota
	exitUnready
)

// beChild evaluates pages until its input ends. It reads nothing from a site before it has limited itself.
func beChild(in io.Reader, out io.Writer) int {
	debug.SetTraceback("none")
	debug.SetMaxStack(64 << 20)
	reader, writer := bufio.NewReader(in), bufio.NewWriter(out)
	var t task
	first, err := readFrame(reader, maxTask)
	if err == nil {
		err = json.Unmarshal(first, &t)
	}
	if err == nil {
		err = limitSelf(t)
	}
	var m *machine
	if err == nil {
		m, err = newMachine(t.Rows, t.Columns)
	}
	if err != nil {
		fmt.Fprintln(os.Stderr, "not ready:", err)
		return exitUnready
	}
	for {
		page, err := readFrame(reader, maxPage)
		if err != nil {
			return exitDone
		}
		// A row is on its way before the next is made, which may be the last.
		each := func(o output) error { return errors.Join(writeOutput(writer, o), writer.Flush()) }
		if err = m.run(page, maxRows, each); err == nil {
			err = each(output{End: true})
		}
		if err != nil {
			return exitDone // nobody reads any more
		}
	}
}

func writeOutput(w *bufio.Writer, o output) error {
	var text bytes.Buffer
	encoder := json.NewEncoder(&text)
	encoder.SetEscapeHTML(false) // what grew by escapes would be too large at the other end
	if err := encoder.Encode(o); err != nil {
		return err
	}
	return writeFrame(w, text.Bytes())
}

// Bounds of messages.
const (
	maxTask   = 1 << 20
	maxOutput = maxRow + 64<<10
)

var errFrame = errors.New("expression: a message is too large")

// readFrame reads a message: its length in four bytes, then itself.
func readFrame(r io.Reader, most int) ([]byte, error) {
	var head [4]byte
	if _, err := io.ReadFull(r, head[:]); err != nil {
		return nil, err
	}
	n := binary.BigEndian.Uint32(head[:])
	if int64(n) > int64(most) {
		return nil, errFrame
	}
	frame := make([]byte, n)
	_, err := io.ReadFull(r, frame)
	return frame, err
}

func writeFrame(w io.Writer, frame []byte) error {
	var head [4]byte
	binary.BigEndian.PutUint32(head[:], uint32(len(frame))) // #nosec G115 -- the bounds above are far below 4 GB
	if _, err := w.Write(head[:]); err != nil {
		return err
	}
	_, err := w.Write(frame)
	return err
}
