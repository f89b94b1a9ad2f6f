package main

import (
	"io"
	"runtime"
	"sync"
	"time"

	"github.com/spiffe/go-spiffe/v2/bundle/jwtbundle"
	"github.com/spiffe/go-spiffe/v2/bundle/x509bundle"
	"github.com/spiffe/go-spiffe/v2/spiffeid"
	"github.com/spiffe/go-spiffe/v2/svid/jwtsvid"
	"github.com/spiffe/go-spiffe/v2/svid/x509svid"
)

// trust is a set of bundles that the cases after it can name.
type trust struct {
	x509 *x509bundle.Set
	jwt  *jwtbundle.Set
	err  error
}

// question is one line of input: a set of bundles to remember, or one case to judge.
type question struct {
	// Trust names a set: concatenated DER and JWKS documents by trust domain.
	Trust string            `json:"trust"`
	X509  map[string][]byte `json:"x509"`
	JWT   map[string]string `json:"jwt"`

	// Case numbers a case; exactly one of the fields below says what is to be judged.
	Case     int      `json:"case"`
	Within   string   `json:"within"`
	Chain    [][]byte `json:"chain"`
	Now      int64    `json:"now"`
	Own      *ownSVID `json:"own"`
	Token    string   `json:"token"`
	Audience []string `json:"audience"`
	ID       *string  `json:"id"`
}

type ownSVID struct {
	Certificates []byte `json:"certificates"`
	PrivateKey   []byte `json:"privateKey"`
}

// verdict is the answer to a case: the identity that was found good, or why none was.
type verdict struct {
	Case  int    `json:"case"`
	ID    string `json:"id,omitempty"`
	Error string `json:"error,omitempty"`
}

// verdicts judges cases on every core. Answers come in any order.
func verdicts(in *input) error {
	type job struct {
		question
		trust trust
	}
	jobs := make(chan job, 1024)
	var workers sync.WaitGroup
	for range runtime.GOMAXPROCS(0) {
		workers.Go(func() {
			for job := range jobs {
				answer := verdict{Case: job.Case}
				if id, err := judge(&job.question, job.trust); err != nil {
					answer.Error = err.Error()
				} else {
					answer.ID = id.String()
				}
				out.append(answer)
			}
		})
	}

	sets := map[string]trust{}
	for {
		var next question
		if err := in.next(&next); err == io.EOF {
			break
		} else if err != nil {
			return err
		}
		if next.Trust != "" {
			sets[next.Trust] = readTrust(&next)
			continue
		}
		jobs <- job{next, sets[next.Within]}
	}
	close(jobs)
	workers.Wait()
	return nil
}

// readTrust keeps the error of a bundle that does not parse: it is the verdict on every case within.
func readTrust(q *question) trust {
	set := trust{x509: x509bundle.NewSet(), jwt: jwtbundle.NewSet()}
	for name, der := range q.X509 {
		if bundle, err := x509bundle.ParseRaw(spiffeid.RequireTrustDomainFromString(name), der); err != nil {
			set.err = err
		} else {
			set.x509.Add(bundle)
		}
	}
	for name, document := range q.JWT {
		if bundle, err := jwtbundle.Parse(spiffeid.RequireTrustDomainFromString(name), []byte(document)); err != nil {
			set.err = err
		} else {
			set.jwt.Add(bundle)
		}
	}
	return set
}

func judge(q *question, set trust) (spiffeid.ID, error) {
	switch {
	case set.err != nil:
		return spiffeid.ID{}, set.err
	case q.Chain != nil:
		id, _, err := x509svid.ParseAndVerify(q.Chain, set.x509, x509svid.WithTime(time.Unix(q.Now, 0)))
		return id, err
	case q.Own != nil:
		svid, err := x509svid.ParseRaw(q.Own.Certificates, q.Own.PrivateKey)
		if err != nil {
			return spiffeid.ID{}, err
		}
		return svid.ID, nil
	case q.ID != nil:
		return spiffeid.FromString(*q.ID)
	default:
		svid, err := jwtsvid.ParseAndValidate(q.Token, set.jwt, q.Audience)
		if err != nil {
			return spiffeid.ID{}, err
		}
		return svid.ID, nil
	}
}
