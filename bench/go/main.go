// Command bench does what js-spiffe does, with go-spiffe. It reads JSON lines: one either gives it work, which it
// tries once, or tells it to do a work so many times. It answers each with the nanoseconds of processor
// time that took.
package main

import (
	"bufio"
	"crypto/x509"
	"encoding/json"
	"fmt"
	"io"
	"os"
	"syscall"
	"time"

	"github.com/spiffe/go-spiffe/v2/bundle/jwtbundle"
	"github.com/spiffe/go-spiffe/v2/bundle/x509bundle"
	"github.com/spiffe/go-spiffe/v2/spiffeid"
	"github.com/spiffe/go-spiffe/v2/svid/jwtsvid"
	"github.com/spiffe/go-spiffe/v2/svid/x509svid"
)

var trustDomain = spiffeid.RequireTrustDomainFromString("acme.internal")

type question struct {
	JWT *struct {
		JWKS     string   `json:"jwks"`
		Tokens   []string `json:"tokens"`
		Audience string   `json:"audience"`
	} `json:"jwt"`
	X509 *struct {
		Authority []byte     `json:"authority"`
		Chains    [][][]byte `json:"chains"`
	} `json:"x509"`
	IDs []string `json:"ids"`

	Work  int `json:"work"`
	Times int `json:"times"`
}

// work does its job on the input of a number.
type work func(input int) error

func main() {
	decoder := json.NewDecoder(bufio.NewReader(os.Stdin))
	var works []work
	for {
		var next question
		err := decoder.Decode(&next)
		if err == io.EOF {
			return
		}
		if err == nil && next.Times == 0 {
			var added work
			if added, err = next.prepare(); err == nil {
				works, next.Work, next.Times = append(works, added), len(works), 1
			}
		}
		if err == nil {
			var took time.Duration
			took, err = repeat(works[next.Work], next.Times)
			fmt.Println(took.Nanoseconds())
		}
		if err != nil {
			fmt.Fprintln(os.Stderr, err)
			os.Exit(1)
		}
	}
}

// repeat tells the time of processors that it took, that of the garbage collector included.
func repeat(do work, times int) (time.Duration, error) {
	start, err := used()
	if err != nil {
		return 0, err
	}
	for input := range times {
		if err := do(input); err != nil {
			return 0, err
		}
	}
	end, err := used()
	return end - start, err
}

func used() (time.Duration, error) {
	var usage syscall.Rusage
	err := syscall.Getrusage(syscall.RUSAGE_SELF, &usage)
	return time.Duration(usage.Utime.Nano() + usage.Stime.Nano()), err
}

func (q *question) prepare() (work, error) {
	switch {
	case q.JWT != nil:
		bundle, err := jwtbundle.Parse(trustDomain, []byte(q.JWT.JWKS))
		if err != nil {
			return nil, err
		}
		return func(input int) error {
			_, err := jwtsvid.ParseAndValidate(q.JWT.Tokens[input%len(q.JWT.Tokens)], bundle, []string{q.JWT.Audience})
			return err
		}, nil
	case q.X509 != nil:
		authority, err := x509.ParseCertificate(q.X509.Authority)
		if err != nil {
			return nil, err
		}
		bundle := x509bundle.FromX509Authorities(trustDomain, []*x509.Certificate{authority})
		return func(input int) error {
			_, _, err := x509svid.ParseAndVerify(q.X509.Chains[input%len(q.X509.Chains)], bundle)
			return err
		}, nil
	default:
		return func(input int) error {
			_, err := spiffeid.FromString(q.IDs[input%len(q.IDs)])
			return err
		}, nil
	}
}
