// A framework on the mesos-go library as Debian packages it: subscribes, accepts offers, runs tasks to their end.
//
// It checks what it is told on the way (ids, offer contents, states and their order, sources) and ends with status 0 only
// when every task reached the state that was asked for. One line per fact on standard output; the library is unmodified.
package main

import (
	"context"
	"errors"
	"flag"
	"fmt"
	"io"
	"os"
	"time"

	mesos "github.com/mesos/mesos-go/api/v1/lib"
	"github.com/mesos/mesos-go/api/v1/lib/encoding"
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

type options struct {
	master  string
	codec   string
	command string
	want    string
	role    string
	tasks   int
	kill    bool
	cpus    float64
	mem     float64
	timeout time.Duration
}

func main() {
	var opts options
	flag.StringVar(&opts.master, "master", "127.0.0.1:5050", "host:port of the master")
	flag.StringVar(&opts.codec, "codec", "protobuf", "protobuf or json")
	flag.StringVar(&opts.command, "command", "exit 0", "shell command of every task")
	flag.StringVar(&opts.want, "want", "TASK_FINISHED", "state in which every task must end")
	flag.StringVar(&opts.role, "role", "", "role to subscribe to; none: the default role")
	flag.IntVar(&opts.tasks, "tasks", 3, "how many tasks to run")
	flag.BoolVar(&opts.kill, "kill", false, "kill every task as soon as it runs")
	flag.Float64Var(&opts.cpus, "cpus", 0.1, "cpus of a task")
	flag.Float64Var(&opts.mem, "mem", 32, "memory of a task, MB")
	flag.DurationVar(&opts.timeout, "timeout", time.Minute, "give up after that long")
	flag.Parse()

	if err := run(opts); err != nil {
		fmt.Println("failed:", err)
		os.Exit(1)
	}
	fmt.Println("done")
}

// errDone ends the event loop after the last task.
var errDone = errors.New("every task has ended")

func run(opts options) error {
	mediaType, ok := map[string]encoding.MediaType{
		codecs.NameProtobuf: codecs.MediaTypeProtobuf,
		codecs.NameJSON:     codecs.MediaTypeJSON,
	}[opts.codec]
	if !ok {
		return fmt.Errorf("there is no codec %q", opts.codec)
	}
	ctx, cancel := context.WithTimeout(context.Background(), opts.timeout)
	defer cancel()

	client := httpcli.New(
		httpcli.Endpoint(fmt.Sprintf("http://%s/api/v1/scheduler", opts.master)),
		httpcli.Codec(codecs.ByMediaType[mediaType]),
		httpcli.Do(httpcli.With(httpcli.Timeout(0))),
	)
	caller := httpsched.NewCaller(client)
	framework := newFramework(opts, caller, cancel)
	err := controller.Run(ctx, framework.info, caller,
		controller.WithEventHandler(framework.handler()),
		controller.WithFrameworkID(store.GetIgnoreErrors(framework.id)),
		controller.WithSubscriptionTerminated(framework.onDisconnected),
	)
	if framework.failure != nil {
		return framework.failure
	}
	if framework.finished {
		return nil
	}
	if ctx.Err() == context.DeadlineExceeded {
		return fmt.Errorf("not done within %v; %s", opts.timeout, framework.progress())
	}
	return fmt.Errorf("the stream ended: %v; %s", err, framework.progress())
}

type framework struct {
	opts     options
	info     *mesos.FrameworkInfo
	id       store.Singleton
	caller   calls.Caller
	cancel   context.CancelFunc
	launched int
	states   map[string]mesos.TaskState
	ended    int
	finished bool
	failure  error
}

func newFramework(opts options, caller calls.Caller, cancel context.CancelFunc) *framework {
	failover := 10.0
	info := &mesos.FrameworkInfo{User: "root", Name: "interop-go-" + opts.codec, FailoverTimeout: &failover}
	if opts.role != "" {
		info.Roles = []string{opts.role}
		info.Capabilities = []mesos.FrameworkInfo_Capability{
			{Type: mesos.FrameworkInfo_Capability_MULTI_ROLE},
			{Type: mesos.FrameworkInfo_Capability_RESERVATION_REFINEMENT},
		}
	}
	return &framework{
		opts:   opts,
		info:   info,
		id:     store.NewInMemorySingleton(),
		caller: caller,
		cancel: cancel,
		states: map[string]mesos.TaskState{},
	}
}

func (f *framework) handler() events.Handler {
	return eventrules.New(
		controller.LiftErrors(),
		controller.TrackSubscription(f.id, 10*time.Second),
		controller.AckStatusUpdates(f.withFrameworkID()),
		eventrules.DropOnError(),
	).Handle(events.HandlerFuncs{
		scheduler.Event_SUBSCRIBED: f.onSubscribed,
		scheduler.Event_OFFERS:     f.onOffers,
		scheduler.Event_UPDATE:     f.onUpdate,
		scheduler.Event_FAILURE:    f.onFailure,
	})
}

// withFrameworkID is a caller that fills in our id.
func (f *framework) withFrameworkID() calls.Caller {
	return calls.CallerFunc(func(ctx context.Context, call *scheduler.Call) (mesos.Response, error) {
		if id, err := f.id.Get(); err == nil {
			call.FrameworkID = &mesos.FrameworkID{Value: id}
		}
		return f.caller.Call(ctx, call)
	})
}

func (f *framework) onDisconnected(err error) {
	if f.finished || f.failure != nil || err == nil || err == io.EOF {
		return
	}
	fmt.Println("disconnected:", err)
}

// fail ends the run: an error from a handler alone would make the library subscribe once more.
func (f *framework) fail(format string, arguments ...interface{}) error {
	f.failure = fmt.Errorf(format, arguments...)
	f.cancel()
	return f.failure
}

func (f *framework) progress() string {
	return fmt.Sprintf("%d of %d tasks launched, %d ended", f.launched, f.opts.tasks, f.ended)
}

func (f *framework) onSubscribed(_ context.Context, event *scheduler.Event) error {
	subscribed := event.GetSubscribed()
	if subscribed.GetFrameworkID().GetValue() == "" {
		return f.fail("SUBSCRIBED without a framework id")
	}
	if subscribed.GetHeartbeatIntervalSeconds() <= 0 {
		return f.fail("SUBSCRIBED without a heartbeat interval")
	}
	fmt.Println("subscribed as", subscribed.GetFrameworkID().GetValue())
	return nil
}

func (f *framework) onOffers(ctx context.Context, event *scheduler.Event) error {
	for i := range event.GetOffers().GetOffers() {
		if err := f.onOffer(ctx, &event.GetOffers().Offers[i]); err != nil {
			return err
		}
	}
	return nil
}

func (f *framework) onOffer(ctx context.Context, offer *mesos.Offer) error {
	address := offer.GetURL().GetAddress()
	if offer.ID.Value == "" || offer.AgentID.Value == "" || offer.Hostname == "" || address.GetIP() == "" {
		return f.fail("an offer lacks its id, agent, host name or address: %v", offer)
	}
	if own, err := f.id.Get(); err != nil || offer.FrameworkID.Value != own {
		return f.fail("an offer for framework %q came to %q", offer.FrameworkID.Value, own)
	}
	remaining := mesos.Resources(offer.Resources)
	var tasks []mesos.TaskInfo
	for f.launched < f.opts.tasks {
		wanted := mesos.Resources{resources.NewCPUs(f.opts.cpus).Resource, resources.NewMemory(f.opts.mem).Resource}
		if f.opts.role != "" {
			for i := range wanted {
				wanted[i].AllocationInfo = &mesos.Resource_AllocationInfo{Role: proto(f.opts.role)}
			}
		}
		found := resources.Find(wanted, remaining...)
		if len(found) == 0 {
			break
		}
		remaining = subtract(remaining, found)
		tasks = append(tasks, f.nextTask(offer.AgentID, found))
	}
	if len(tasks) == 0 {
		return calls.CallNoData(ctx, f.withFrameworkID(), calls.Decline(offer.ID).With(calls.RefuseSeconds(time.Second)))
	}
	fmt.Printf("launching %d tasks on %s\n", len(tasks), offer.Hostname)
	accept := calls.Accept(calls.OfferOperations{calls.OpLaunch(tasks...)}.WithOffers(offer.ID)).With(calls.RefuseSeconds(time.Second))
	return calls.CallNoData(ctx, f.withFrameworkID(), accept)
}

func (f *framework) nextTask(agent mesos.AgentID, found mesos.Resources) mesos.TaskInfo {
	f.launched++
	id := fmt.Sprintf("task-%d", f.launched)
	shell := true
	return mesos.TaskInfo{
		Name:      id,
		TaskID:    mesos.TaskID{Value: id},
		AgentID:   agent,
		Resources: found,
		Command:   &mesos.CommandInfo{Shell: &shell, Value: proto(f.opts.command)},
	}
}

func (f *framework) onUpdate(ctx context.Context, event *scheduler.Event) error {
	status := event.GetUpdate().GetStatus()
	id, state := status.TaskID.Value, status.GetState()
	fmt.Println(id, state, status.GetMessage())
	if status.GetAgentID().GetValue() == "" {
		return f.fail("an update of %s names no agent", id)
	}
	if isTerminal(f.states[id]) {
		if state != f.states[id] {
			return f.fail("%s went from %v to %v", id, f.states[id], state)
		}
		return nil
	}
	f.states[id] = state
	if state == mesos.TASK_RUNNING {
		if len(status.GetContainerStatus().GetNetworkInfos()) == 0 {
			return f.fail("%s runs without network_infos", id)
		}
		if f.opts.kill {
			return calls.CallNoData(ctx, f.withFrameworkID(), calls.Kill(id, status.GetAgentID().GetValue()))
		}
	}
	if !isTerminal(state) {
		return nil
	}
	if state.String() != f.opts.want {
		return f.fail("%s ended as %v (%s), not %s", id, state, status.GetMessage(), f.opts.want)
	}
	f.ended++
	if f.ended == f.opts.tasks {
		return f.finish(ctx)
	}
	return nil
}

// finish tears the framework down while its stream is still open, as the library demands, and ends the run.
func (f *framework) finish(ctx context.Context) error {
	call := &scheduler.Call{Type: scheduler.Call_TEARDOWN}
	if err := calls.CallNoData(ctx, f.withFrameworkID(), call); err != nil {
		return f.fail("teardown: %w", err)
	}
	fmt.Println("torn down")
	f.finished = true
	f.cancel()
	return errDone
}

func (f *framework) onFailure(_ context.Context, event *scheduler.Event) error {
	return f.fail("FAILURE of agent %v, executor %v", event.GetFailure().GetAgentID(), event.GetFailure().GetExecutorID())
}

func isTerminal(state mesos.TaskState) bool {
	switch state {
	case mesos.TASK_FINISHED, mesos.TASK_FAILED, mesos.TASK_KILLED, mesos.TASK_ERROR, mesos.TASK_LOST, mesos.TASK_DROPPED,
		mesos.TASK_GONE, mesos.TASK_GONE_BY_OPERATOR:
		return true
	}
	return false
}

func subtract(from, what mesos.Resources) mesos.Resources {
	left := append(mesos.Resources{}, from...)
	for _, resource := range what {
		left.Subtract1(resource)
	}
	return left
}

func proto(text string) *string { return &text }
