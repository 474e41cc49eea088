// A framework on the mesos-go library as Debian packages it, for the failover tier: keeps tasks running through changes of the
// leader with a failover timeout of 0, and prints what it hears, one line each with the time in Unix milliseconds first. It
// knows all masters and dials the next when one fails; redirects and subscribing again are the library's. It checks that each task
// ends once.
package main

import (
	"context"
	"flag"
	"fmt"
	"net"
	"net/http"
	"os"
	"strings"
	"sync"
	"time"

	mesos "github.com/mesos/mesos-go/api/v1/lib"
	"github.com/mesos/mesos-go/api/v1/lib/encoding/codecs"
	"github.com/mesos/mesos-go/api/v1/lib/extras/scheduler/controller"
	"github.com/mesos/mesos-go/api/v1/lib/extras/scheduler/eventrules"
	"github.com/mesos/mesos-go/api/v1/lib/extras/store"
	"github.com/mesos/mesos-go/api/v1/lib/httpcli"
	"github.com/mesos/mesos-go/api/v1/lib/httpcli/httpsched"
	"github.com/mesos/mesos-go/api/v1/lib/resources"
	"github.com/mesos/mesos-go/api/v1/lib/scheduler"
	"github.com/mesos/mesos-go/api/v1/lib/scheduler/calls"
	"github.com/mesos/mesos-go/api/v1/lib/scheduler/events"
)

func say(format string, arguments ...interface{}) {
	fmt.Printf("%d %s\n", time.Now().UnixNano()/int64(time.Millisecond), fmt.Sprintf(format, arguments...))
}

// anyMaster stands for whichever master is tried now; redirects name theirs.
const anyMaster = "127.0.0.1:1"

// masters stays with one until it fails, or another one is named by a redirect.
type masters struct {
	sync.Mutex
	addresses []string
	current   int
}

func (m *masters) next() {
	m.Lock()
	defer m.Unlock()
	m.current = (m.current + 1) % len(m.addresses)
}

func (m *masters) dial(ctx context.Context, network, asked string) (net.Conn, error) {
	m.Lock()
	for i, known := range m.addresses {
		if asked == known {
			m.current = i
		}
	}
	address := m.addresses[m.current]
	m.Unlock()
	conn, err := m.dialOne(ctx, network, address)
	if err != nil {
		m.next()
	}
	return conn, err
}

func (m *masters) dialOne(ctx context.Context, network, address string) (net.Conn, error) {
	dialer := net.Dialer{Timeout: 300 * time.Millisecond}
	return dialer.DialContext(ctx, network, address)
}

type framework struct {
	sync.Mutex
	id       store.Singleton
	info     *mesos.FrameworkInfo
	caller   calls.Caller
	command  string
	tasks    int
	launched int
	states   map[string]mesos.TaskState
	ended    map[string]bool
	heard    time.Time
	answered bool
	failure  error
	cancel   context.CancelFunc
}

func main() {
	list := flag.String("masters", "", "host:port of every master, joined by commas")
	tasks := flag.Int("tasks", 100, "how many tasks to keep")
	command := flag.String("command", "sleep 1000", "shell command of every task")
	flag.Parse()

	known := &masters{addresses: strings.Split(*list, ",")}
	f := &framework{
		id:      store.NewInMemorySingleton(),
		command: *command,
		tasks:   *tasks,
		states:  map[string]mesos.TaskState{},
		ended:   map[string]bool{},
	}
	zero := 0.0
	info := &mesos.FrameworkInfo{User: "root", Name: "failover-go", FailoverTimeout: &zero}
	f.info = info
	for f.failure == nil && len(f.ended) < f.tasks {
		if !f.subscribe(known, info) {
			known.next()
		}
		time.Sleep(20 * time.Millisecond)
	}
	if f.failure != nil {
		say("failed: %v", f.failure)
		os.Exit(1)
	}
	say("done")
}

// subscribe is one run of the library's controller; it ends with its stream. Returns whether a master answered.
func (f *framework) subscribe(known *masters, info *mesos.FrameworkInfo) bool {
	ctx, cancel := context.WithCancel(context.Background())
	defer cancel()
	f.cancel = cancel
	f.heard = time.Now()
	f.answered = false
	client := httpcli.New(
		httpcli.Endpoint(fmt.Sprintf("http://%s/api/v1/scheduler", anyMaster)),
		httpcli.Codec(codecs.ByMediaType[codecs.MediaTypeProtobuf]),
		httpcli.Do(httpcli.With(httpcli.Timeout(0), httpcli.RoundTripper(&http.Transport{
			DialContext:           known.dial,
			ResponseHeaderTimeout: 2 * time.Second,
			DisableKeepAlives:     true,
		}))),
	)
	f.caller = httpsched.NewCaller(client)
	go f.watchSilence(ctx)
	err := controller.Run(ctx, info, f.caller,
		controller.WithEventHandler(f.handler()),
		controller.WithFrameworkID(store.GetIgnoreErrors(f.id)),
		controller.WithSubscriptionTerminated(func(err error) {
			say("disconnected: %v", err)
			// The next master is another connection.
			cancel()
		}),
	)
	if err != nil && ctx.Err() == nil {
		say("stream: %v", err)
	}
	return f.answered
}

// silence is longer than the interval of heartbeats, 15 s: to leave a living leader ends a framework without failover timeout.
const silence = 20 * time.Second

// watchSilence gives up a master that says nothing: what a stopped one does.
func (f *framework) watchSilence(ctx context.Context) {
	for ctx.Err() == nil {
		time.Sleep(500 * time.Millisecond)
		f.Lock()
		silent := time.Since(f.heard)
		f.Unlock()
		if silent > silence && ctx.Err() == nil {
			say("silent")
			f.cancel()
			return
		}
	}
}

func (f *framework) handler() events.Handler {
	return eventrules.New(
		func(ctx context.Context, e *scheduler.Event, err error, chain eventrules.Chain) (context.Context, *scheduler.Event, error) {
			f.Lock()
			f.heard = time.Now()
			f.Unlock()
			return chain(ctx, e, err)
		},
		controller.LiftErrors(),
		controller.TrackSubscription(f.id, 0),
		controller.AckStatusUpdates(f.withFrameworkID()),
		eventrules.DropOnError(),
	).Handle(events.HandlerFuncs{
		scheduler.Event_SUBSCRIBED: func(_ context.Context, e *scheduler.Event) error {
			f.answered = true
			// The library repeats the id only of frameworks with a failover timeout.
			f.info.ID = e.GetSubscribed().GetFrameworkID()
			say("subscribed as %s", e.GetSubscribed().GetFrameworkID().GetValue())
			return nil
		},
		scheduler.Event_OFFERS: f.onOffers,
		scheduler.Event_UPDATE: f.onUpdate,
		scheduler.Event_ERROR: func(_ context.Context, e *scheduler.Event) error {
			f.failure = fmt.Errorf("ERROR: %s", e.GetError().GetMessage())
			f.cancel()
			return f.failure
		},
	})
}

func (f *framework) withFrameworkID() calls.Caller {
	return calls.CallerFunc(func(ctx context.Context, call *scheduler.Call) (mesos.Response, error) {
		if id, err := f.id.Get(); err == nil {
			call.FrameworkID = &mesos.FrameworkID{Value: id}
		}
		return f.caller.Call(ctx, call)
	})
}

func (f *framework) onOffers(ctx context.Context, event *scheduler.Event) error {
	offers := event.GetOffers().GetOffers()
	say("offers %d", len(offers))
	for i := range offers {
		f.onOffer(ctx, &offers[i])
	}
	return nil
}

// onOffer launches what is missing. A call that fails fails with its leader; what it launched is told by updates or never was.
func (f *framework) onOffer(ctx context.Context, offer *mesos.Offer) {
	remaining := mesos.Resources(offer.Resources)
	var tasks []mesos.TaskInfo
	for f.launched < f.tasks {
		wanted := mesos.Resources{resources.NewCPUs(0.01).Resource, resources.NewMemory(4).Resource}
		found := resources.Find(wanted, remaining...)
		if len(found) == 0 {
			break
		}
		for _, resource := range found {
			remaining.Subtract1(resource)
		}
		f.launched++
		id, shell := fmt.Sprintf("task-%d", f.launched), true
		tasks = append(tasks, mesos.TaskInfo{
			Name: id, TaskID: mesos.TaskID{Value: id}, AgentID: offer.AgentID, Resources: found,
			Command: &mesos.CommandInfo{Shell: &shell, Value: &f.command},
		})
	}
	refuse := calls.RefuseSeconds(100 * time.Millisecond)
	call := calls.Decline(offer.ID).With(refuse)
	if len(tasks) > 0 {
		call = calls.Accept(calls.OfferOperations{calls.OpLaunch(tasks...)}.WithOffers(offer.ID)).With(refuse)
	}
	if err := calls.CallNoData(ctx, f.withFrameworkID(), call); err != nil {
		say("call: %v", err)
	}
}

func (f *framework) onUpdate(_ context.Context, event *scheduler.Event) error {
	status := event.GetUpdate().GetStatus()
	id, state := status.TaskID.Value, status.GetState()
	if f.states[id] != state {
		say("%s %s %s", id, state, status.GetMessage())
	}
	if f.ended[id] && state != f.states[id] {
		f.failure = fmt.Errorf("%s ended as %v and then was %v", id, f.states[id], state)
		f.cancel()
		return f.failure
	}
	f.states[id] = state
	switch state {
	case mesos.TASK_STAGING, mesos.TASK_STARTING, mesos.TASK_RUNNING, mesos.TASK_UNREACHABLE, mesos.TASK_KILLING:
	case mesos.TASK_FINISHED:
		f.ended[id] = true
		if len(f.ended) == f.tasks {
			f.cancel()
		}
	default:
		f.failure = fmt.Errorf("%s is %v: %s", id, state, status.GetMessage())
		f.cancel()
		return f.failure
	}
	return nil
}
