package main

import (
	"context"
	"io"
	"sort"
	"time"

	"github.com/spiffe/go-spiffe/v2/bundle/jwtbundle"
	"github.com/spiffe/go-spiffe/v2/bundle/x509bundle"
	"github.com/spiffe/go-spiffe/v2/svid/jwtsvid"
	"github.com/spiffe/go-spiffe/v2/svid/x509svid"
	"github.com/spiffe/go-spiffe/v2/workloadapi"
	"google.golang.org/grpc/status"
)

// report is what the Workload API said, or how it refused.
type report struct {
	Event   string              `json:"event"`
	SVIDs   []reportedSVID      `json:"svids,omitempty"`
	Bundles map[string][]string `json:"bundles,omitempty"`
	Status  string              `json:"status,omitempty"`
	Error   string              `json:"error,omitempty"`
}

type reportedSVID struct {
	ID       string   `json:"id"`
	Hint     string   `json:"hint,omitempty"`
	Serial   string   `json:"serial,omitempty"`
	Chain    int      `json:"chain,omitempty"`
	Verified string   `json:"verified,omitempty"`
	Audience []string `json:"audience,omitempty"`
	Token    string   `json:"token,omitempty"`
}

// workload watches a Workload API and, for each line of input, fetches or validates JWT-SVIDs. It waits a
// tenth of a second between attempts, where go-spiffe by default waits one and more.
func workload(in *input) error {
	var config struct {
		Address string `json:"address"`
	}
	if err := in.next(&config); err != nil {
		return err
	}
	ctx, cancel := context.WithCancel(context.Background())
	defer cancel()
	client, err := workloadapi.New(ctx, workloadapi.WithAddr(config.Address), workloadapi.WithBackoffStrategy(steady{}))
	if err != nil {
		return err
	}
	defer client.Close()

	go client.WatchX509Context(ctx, watcher{})
	go client.WatchX509Bundles(ctx, watcher{})
	go client.WatchJWTBundles(ctx, watcher{})
	for {
		var command struct {
			Fetch    *jwtsvid.Params `json:"fetch"`
			Validate string          `json:"validate"`
			Audience string          `json:"audience"`
		}
		switch err := in.next(&command); {
		case err == io.EOF:
			return nil
		case err != nil:
			return err
		case command.Fetch != nil:
			svids, err := client.FetchJWTSVIDs(ctx, *command.Fetch)
			out.emit(jwtReport("fetched", svids, err))
		default:
			svid, err := client.ValidateJWTSVID(ctx, command.Validate, command.Audience)
			out.emit(jwtReport("validated", []*jwtsvid.SVID{svid}, err))
		}
	}
}

func jwtReport(event string, svids []*jwtsvid.SVID, err error) report {
	if err != nil {
		return failure(event, err)
	}
	said := report{Event: event}
	for _, svid := range svids {
		said.SVIDs = append(said.SVIDs, reportedSVID{
			ID: svid.ID.String(), Hint: svid.Hint, Audience: svid.Audience, Token: svid.Marshal(),
		})
	}
	return said
}

func failure(event string, err error) report {
	return report{Event: event, Status: status.Code(err).String(), Error: err.Error()}
}

type watcher struct{}

// OnX509ContextUpdate also verifies each SVID as a peer would: a message must hold the trust that its SVIDs need.
func (watcher) OnX509ContextUpdate(update *workloadapi.X509Context) {
	said := report{Event: "x509Context", Bundles: x509Bundles(update.Bundles)}
	for _, svid := range update.SVIDs {
		verified, _, err := x509svid.Verify(svid.Certificates, update.Bundles)
		if err != nil {
			said.Error = err.Error()
		}
		said.SVIDs = append(said.SVIDs, reportedSVID{
			ID:       svid.ID.String(),
			Hint:     svid.Hint,
			Serial:   svid.Certificates[0].SerialNumber.Text(16),
			Chain:    len(svid.Certificates),
			Verified: verified.String(),
		})
	}
	out.emit(said)
}

func (watcher) OnX509BundlesUpdate(update *x509bundle.Set) {
	out.emit(report{Event: "x509Bundles", Bundles: x509Bundles(update)})
}

func (watcher) OnJWTBundlesUpdate(update *jwtbundle.Set) {
	keys := map[string][]string{}
	for _, bundle := range update.Bundles() {
		ids := []string{}
		for id := range bundle.JWTAuthorities() {
			ids = append(ids, id)
		}
		sort.Strings(ids)
		keys[bundle.TrustDomain().Name()] = ids
	}
	out.emit(report{Event: "jwtBundles", Bundles: keys})
}

func (watcher) OnX509ContextWatchError(err error) { out.emit(failure("x509Context", err)) }
func (watcher) OnX509BundlesWatchError(err error) { out.emit(failure("x509Bundles", err)) }
func (watcher) OnJWTBundlesWatchError(err error)  { out.emit(failure("jwtBundles", err)) }

func x509Bundles(set *x509bundle.Set) map[string][]string {
	serials := map[string][]string{}
	for _, bundle := range set.Bundles() {
		of := []string{}
		for _, authority := range bundle.X509Authorities() {
			of = append(of, authority.SerialNumber.Text(16))
		}
		serials[bundle.TrustDomain().Name()] = of
	}
	return serials
}

// steady waits the same short time before each attempt.
type steady struct{}

func (steady) NewBackoff() workloadapi.Backoff { return steady{} }
func (steady) Next() time.Duration             { return 100 * time.Millisecond }
func (steady) Reset()                          {}
