// Command peer is go-spiffe on the other end of our tests. Each subcommand reads its configuration as the
// first line of standard input, in JSON, writes what it sees as JSON lines on standard output, and ends when
// standard input does, so that it never outlives the test that started it.
package main

import (
	"bufio"
	"encoding/json"
	"fmt"
	"os"
	"sync"
)

var subcommands = map[string]func(*input) error{
	"serve":    serve,
	"dial":     dial,
	"workload": workload,
	"verdicts": verdicts,
}

func main() {
	if len(os.Args) != 2 || subcommands[os.Args[1]] == nil {
		fail(fmt.Errorf("usage: %s serve|dial|workload|verdicts", os.Args[0]))
	}
	if err := subcommands[os.Args[1]](&input{bufio.NewReaderSize(os.Stdin, 1<<20)}); err != nil {
		fail(err)
	}
	out.flush()
}

func fail(err error) {
	fmt.Fprintln(os.Stderr, err)
	os.Exit(1)
}

// input is standard input, a JSON value a line.
type input struct{ lines *bufio.Reader }

func (in *input) next(value any) error {
	line, err := in.lines.ReadBytes('\n')
	if err != nil {
		return err
	}
	return json.Unmarshal(line, value)
}

// wait returns at the end of input.
func (in *input) wait() {
	for {
		if _, err := in.lines.ReadBytes('\n'); err != nil {
			return
		}
	}
}

// output is standard output, a JSON value a line, written by any number of goroutines.
type output struct {
	mu     sync.Mutex
	writer *bufio.Writer
}

var out = output{writer: bufio.NewWriterSize(os.Stdout, 1<<20)}

// emit writes one line at once.
func (o *output) emit(value any) {
	o.append(value)
	o.flush()
}

// append writes one line some time before the program ends.
func (o *output) append(value any) {
	line, err := json.Marshal(value)
	if err != nil {
		fail(err)
	}
	o.mu.Lock()
	defer o.mu.Unlock()
	o.writer.Write(append(line, '\n'))
}

func (o *output) flush() {
	o.mu.Lock()
	defer o.mu.Unlock()
	o.writer.Flush()
}
