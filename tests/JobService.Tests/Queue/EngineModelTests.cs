using CsCheck;
using ForegSyte.Hosting.Errors;
using ForegSyte.Jobs.Inference;
using ForegSyte.Jobs.Queue;
using ForegSyte.Jobs.Tests.Fakes;
using ForegSyte.Testing;
using ForegSyte.V1;
using Microsoft.Extensions.Time.Testing;

namespace ForegSyte.Jobs.Tests.Queue;

/// <summary>
/// Compares the engine, with a real database and crashes, with a model: after any steps no job is lost or stuck, each
/// job ends once, and the queue holds the runnable jobs in order.
/// </summary>
public sealed class EngineModelTests
{
    private static readonly DateTimeOffset Start = new(2026, 1, 1, 0, 0, 0, TimeSpan.Zero);
    private static readonly TimeSpan AgeingStep = new QueueOptions().AgeingStep;
    private static readonly JobFailure Passing = new(ErrorReason.DecoderLost, "Lost.");
    private static readonly JobFailure Permanent = new(ErrorReason.StageFailed, "Failed.");

    /// <summary>The steps; submissions and attempts are more frequent than the others.</summary>
    private static readonly Step[] Kinds =
    [
        Step.Submit, Step.Submit, Step.Submit, Step.Complete, Step.Fail, Step.FailPassing, Step.FailPassing,
        Step.CancelWhileRunning, Step.ExpireWhileRunning, Step.CrashWhileRunning, Step.Cancel, Step.Retry, Step.Retry,
        Step.Delete, Step.Wait, Step.Wait, Step.Restart,
    ];

    private static CancellationToken Cancellation => TestContext.Current.CancellationToken;

    [Fact]
    public async Task AnySteps_LeaveEngineAndModelInTheSameState() =>
        await Gen.Select(Gen.Int[0, Kinds.Length - 1], Gen.Int[0, 9]).Array[1, 25].SampleAsync(
            async steps =>
            {
                await using var run = new Run();
                foreach (var (kind, value) in steps)
                {
                    await run.StepAsync(Kinds[kind], value);
                    await run.CheckAsync();
                }

                await run.FinishAsync();
            },
            iter: 25, threads: 1);

    private enum Step
    {
        Submit, Complete, Fail, FailPassing, CancelWhileRunning, ExpireWhileRunning, CrashWhileRunning, Cancel, Retry,
        Delete, Wait, Restart,
    }

    /// <summary>A job in the model.</summary>
    private sealed class Model(Guid jobId, DateTimeOffset rank)
    {
        public Guid JobId => jobId;

        public DateTimeOffset Rank { get; set; } = rank;

        public JobStatus Status { get; set; } = JobStatus.Pending;

        public bool IsDeleted { get; set; }

        /// <summary>Earliest start of the next attempt, in monotonic time.</summary>
        public TimeSpan Due { get; set; }

        public int Attempts { get; set; }

        /// <summary>Attempts that count against the limit.</summary>
        public int Failures { get; set; }

        public int Endings { get; set; }

        public bool IsTerminal => Status is JobStatus.Completed or JobStatus.Failed or JobStatus.Cancelled;
    }

    private sealed class Run : IAsyncDisposable
    {
        private readonly TemporaryFolder _folder = new();
        private readonly FakeTimeProvider _time = new(Start);
        private readonly SettableClock _clock;
        private readonly List<Model> _models = [];
        private readonly Dictionary<Guid, int> _endings = [];
        private ScriptedInference _inference = new();
        private JobEngine _engine;
        private TimeSpan _elapsed;

        public Run()
        {
            _clock = new SettableClock(_time);
            _engine = NewEngine();
        }

        private DateTimeOffset Now => _clock.GetUtcNow();

        private IReadOnlyList<Model> Waiting =>
        [
            .. _models
                .Where(job => !job.IsDeleted && job.Status == JobStatus.Pending && job.Due <= _elapsed)
                .OrderBy(job => job.Rank).ThenBy(job => job.JobId),
        ];

        public async Task StepAsync(Step step, int value)
        {
            // Time passes between two steps, in whole milliseconds.
            Advance(TimeSpan.FromMilliseconds(1));
            var known = _models.Count == 0 ? null : _models[value % _models.Count];
            switch (step)
            {
                case Step.Submit:
                    await SubmitAsync(value);
                    break;
                case Step.Wait:
                    Advance(TimeSpan.FromSeconds(value * value));
                    break;
                case Step.Restart:
                    await RestartAsync();
                    break;
                case Step.Cancel when known is not null:
                    await CancelAsync(known);
                    break;
                case Step.Retry when known is not null:
                    await RetryAsync(known);
                    break;
                case Step.Delete when known is not null:
                    await DeleteAsync(known);
                    break;
                case Step.Complete or Step.Fail or Step.FailPassing or Step.CancelWhileRunning
                    or Step.ExpireWhileRunning or Step.CrashWhileRunning when Waiting.Count > 0:
                    await AttemptAsync(step, isEarly: value % 2 == 0);
                    break;
            }
        }

        /// <summary>Compares database, queue and model.</summary>
        public async Task CheckAsync()
        {
            foreach (var model in _models)
            {
                var job = await _engine.Store.FindAsync(model.JobId, Cancellation);
                Assert.Equal(model.IsDeleted, job is null);
                Assert.Equal(model.Endings, _endings.GetValueOrDefault(model.JobId));
                if (job is not null)
                {
                    Assert.Equal((model.Status, model.Attempts), (job.Status, job.Attempts.Count));
                    Assert.Equal(model.IsTerminal, job.EndedAt is not null);
                }
            }

            var waiting = Waiting;
            Assert.Equal(waiting.Count, _engine.Queue.Size);
            Assert.Equal(
                Enumerable.Range(1, waiting.Count),
                waiting.Select(job => _engine.Queue.PositionOf(job.JobId) ?? 0));
            Assert.Equal(
                _models.Count(job => !job.IsDeleted && job.Status == JobStatus.Pending),
                _engine.Pending.CountOf(null).Pending);
        }

        /// <summary>Runs every unfinished job to its end.</summary>
        public async Task FinishAsync()
        {
            while (_models.Exists(job => !job.IsDeleted && !job.IsTerminal))
            {
                Advance(new RetryOptions().MaxDelay);
                while (Waiting.Count > 0)
                {
                    await StepAsync(Step.Complete, 0);
                    await CheckAsync();
                }
            }
        }

        public async ValueTask DisposeAsync()
        {
            await _engine.DisposeAsync();
            _folder.Dispose();
        }

        /// <summary>Timers have a resolution of one millisecond.</summary>
        private TimeSpan DueAfter(TimeSpan? delay) => delay is { } wait
            ? TimeSpan.FromMilliseconds(Math.Ceiling((_elapsed + wait).TotalMilliseconds))
            : TimeSpan.Zero;

        private void Advance(TimeSpan time)
        {
            _elapsed += time;
            _time.Advance(time);
        }

        private JobEngine NewEngine()
        {
            _inference = new ScriptedInference { FrameCount = 40 };
            var engine = new JobEngine(_inference, _clock, _folder);
            engine.Store.Committed += commit =>
            {
                if (commit.After is { IsTerminal: true } && commit.Before is { IsTerminal: false })
                {
                    _endings[commit.JobId] = _endings.GetValueOrDefault(commit.JobId) + 1;
                }
            };
            return engine;
        }

        private async Task SubmitAsync(int priority)
        {
            var jobId = await _engine.AddJobAsync(priority: priority, submittedAt: Now);
            await _engine.PutVideoAsync(jobId);
            _models.Add(new Model(jobId, Now - (priority * AgeingStep)));
        }

        private async Task RestartAsync()
        {
            await _engine.DisposeAsync();
            _engine = NewEngine();
            await _engine.Recovery.RunAsync(Cancellation);

            // The rest of a back-off is measured by the wall clock.
            foreach (var model in _models.Where(model => model is { IsDeleted: false, Status: JobStatus.Pending }))
            {
                model.Due = DueAfter((await _engine.ReadAsync(model.JobId)).NextAttemptAt - Now);
            }
        }

        /// <summary>
        /// Runs an attempt at the next job with an event in it: before the plan, or while a segment runs.
        /// </summary>
        private async Task AttemptAsync(Step step, bool isEarly)
        {
            var model = Waiting[0];
            using var place = await _engine.Queue.DequeueAsync(Cancellation);
            Assert.Equal(model.JobId, place.JobId);
            model.Attempts++;
            if (step == Step.CrashWhileRunning)
            {
                // The process crashes after the claim.
                await _engine.Tracker.ChangeAsync(
                    model.JobId,
                    job => JobTransitions.Claim(job, Guid.NewGuid(), Now, TimeSpan.FromSeconds(15)), Cancellation);
                await RestartAsync();
                return;
            }

            var happened = 0;
            _inference.OnProbe = () => isEarly ? HappenAsync() : Task.CompletedTask;
            _inference.OnRun = (_, _, _) => HappenAsync();
            var delay = await _engine.RunAsync(model.JobId);

            // If all segments are stored already, none runs, and the event did not happen.
            Apply(happened == 0 ? Step.Complete : step, model);
            var job = await _engine.ReadAsync(model.JobId);
            Assert.Equal(delay > TimeSpan.Zero, job.NextAttemptAt is not null);
            model.Due = DueAfter(job.NextAttemptAt - Now);

            Task HappenAsync() =>
                Interlocked.Exchange(ref happened, 1) == 0 ? DuringAsync(step, model) : Task.CompletedTask;
        }

        private async Task DuringAsync(Step step, Model model)
        {
            switch (step)
            {
                case Step.Fail:
                    throw new InferenceFailedException(Permanent);
                case Step.FailPassing:
                    throw new InferenceFailedException(Passing);
                case Step.CancelWhileRunning:
                    await _engine.Control.CancelAsync(model.JobId, _ => { }, Cancellation);
                    break;
                case Step.ExpireWhileRunning:
                    // No timer runs, as in a suspended process; the rescuer is the first to continue.
                    _clock.Offset += TimeSpan.FromMinutes(1);
                    await _engine.Rescuer.RescueAsync(Cancellation);
                    break;
            }
        }

        private static void Apply(Step step, Model model)
        {
            if (step == Step.FailPassing)
            {
                model.Failures++;
            }

            model.Status = step switch
            {
                Step.Complete => JobStatus.Completed,
                Step.Fail => JobStatus.Failed,
                Step.FailPassing when model.Failures == new RetryOptions().MaxAttempts => JobStatus.Failed,
                Step.CancelWhileRunning => JobStatus.Cancelled,
                _ => JobStatus.Pending,
            };
            model.Endings += model.IsTerminal ? 1 : 0;
        }

        private async Task CancelAsync(Model model)
        {
            var isRefused = !model.IsDeleted && model.Status is (JobStatus.Completed or JobStatus.Failed);
            await TryAsync(isRefused, () => _engine.Control.CancelAsync(model.JobId, _ => { }, Cancellation));
            if (!model.IsDeleted && !model.IsTerminal)
            {
                model.Status = JobStatus.Cancelled;
                model.Due = default;
                model.Endings++;
            }
        }

        private async Task RetryAsync(Model model)
        {
            var isRefused = !model.IsDeleted && model.Status == JobStatus.Completed;
            await TryAsync(isRefused, () => _engine.Control.RetryAsync(model.JobId, _ => { }, Cancellation));
            if (!model.IsDeleted && model.Status is (JobStatus.Failed or JobStatus.Cancelled))
            {
                var job = await _engine.ReadAsync(model.JobId);
                (model.Status, model.Failures) = (JobStatus.Pending, 0);
                model.Rank = job.QueuedAt - (job.Priority * AgeingStep);
            }
        }

        private async Task DeleteAsync(Model model)
        {
            await TryAsync(!model.IsTerminal, () => _engine.Removal.DeleteAsync(model.JobId, _ => { }, Cancellation));
            if (model.IsTerminal && !model.IsDeleted)
            {
                model.IsDeleted = true;
                Assert.DoesNotContain(await _engine.Storage.KeysAsync(), key => ArtifactKeys.JobOf(key) == model.JobId);
            }
        }

        private static async Task TryAsync(bool isRefused, Func<Task> change)
        {
            var failure = await Record.ExceptionAsync(change);
            Assert.Equal(
                isRefused ? ErrorReason.WrongJobStatus : null, (failure as ServiceException)?.Reason);
            Assert.True(failure is null or ServiceException, $"{failure}");
        }
    }
}
