using ForegSyte.Hosting.Errors;
using ForegSyte.Jobs.Storage;
using ForegSyte.Jobs.Tests.Fakes;
using ForegSyte.Jobs.Tests.Grpc;
using ForegSyte.Testing;
using ForegSyte.V1;
using Microsoft.Extensions.DependencyInjection;

namespace ForegSyte.Jobs.Tests.Submission;

/// <summary>Submissions that lose a race or fail between the video and its row, over a socket.</summary>
public sealed class SubmissionFailureTests
{
    private static readonly TimeSpan Timeout = TimeSpan.FromMinutes(1);

    private static CancellationToken Cancellation => TestContext.Current.CancellationToken;

    [Fact]
    public async Task Submit_TwiceAtOnceWithOneRequestId_StoresOneVideo()
    {
        // Both calls have looked for an earlier job and staged their video before either commits.
        using var bothStaged = new Barrier(2);
        await using var service = await StartAsync(step =>
        {
            if (step.StartsWith("before the commit", StringComparison.Ordinal)
                && !bothStaged.SignalAndWait(Timeout, Cancellation))
            {
                throw new TimeoutException("Only one submission reached the commit of its video.");
            }
        });
        var requestId = Guid.NewGuid().ToString();

        var jobs = await Task.WhenAll(
            service.SubmitAsync(requestId: requestId), service.SubmitAsync(requestId: requestId));

        Assert.Equal(jobs[0].JobId, jobs[1].JobId);
        Assert.Equal([$"{jobs[0].JobId}.mp4"], await service.Storage.KeysAsync());
        Assert.Equal(RunningJobService.Video.ToByteArray(), await ReadVideoAsync(service, jobs[0]));
        await RemoveAsync(service, jobs[0]);
        await AssertNothingIsStoredAsync(service);
    }

    [Fact]
    public async Task Submit_VideoCannotBeCommitted_LeavesNothingAndReturnsItsSlot()
    {
        var fails = true;
        await using var service = await StartAsync(
            step =>
            {
                if (fails && step.StartsWith("before the commit", StringComparison.Ordinal))
                {
                    throw new IOException("The disk failed.");
                }
            },
            ("Submit:MaxPendingJobs", "1"), ("Tenants:MaxPendingJobs", "1"));
        var refusal = await Refusal.OfAsync(
            service.Client.SubmitVideoAsync(RunningJobService.Request(), cancellationToken: Cancellation));
        Assert.Equal(ErrorReason.Internal, refusal.Reason);
        await AssertNothingIsStoredAsync(service);

        fails = false;

        Assert.Equal(JobStatus.Pending, (await service.SubmitAsync()).Status);
    }

    [Fact]
    public async Task Submit_RowIsNotCommitted_RemovesTheVideo()
    {
        await using var service = await StartWithFailingInsertAsync(isCommitted: false);

        await Refusal.OfAsync(
            service.Client.SubmitVideoAsync(RunningJobService.Request(), cancellationToken: Cancellation));

        await AssertNothingIsStoredAsync(service);
        Assert.Empty((await service.Client.ListJobsAsync(new(), cancellationToken: Cancellation)).Jobs);
    }

    [Fact]
    public async Task Submit_RowIsCommittedButItsAnswerIsLost_KeepsTheVideo()
    {
        await using var service = await StartWithFailingInsertAsync(isCommitted: true);

        await Refusal.OfAsync(
            service.Client.SubmitVideoAsync(RunningJobService.Request(), cancellationToken: Cancellation));

        var job = Assert.Single((await service.Client.ListJobsAsync(new(), cancellationToken: Cancellation)).Jobs);
        Assert.Equal(RunningJobService.Video.ToByteArray(), await ReadVideoAsync(service, job));
    }

    [Fact]
    public async Task Submit_OutcomeUnknown_KeepsTheVideoAndSaysSo()
    {
        await using var service = await RunningJobService.StartAsync(
            RunningJobService.NotServing(),
            services => JobStoreProxy.Decorate(
                services,
                (method, call) => method.Name == nameof(IJobStore.InsertAsync)
                    ? Task.FromException<(JobRecord Job, bool Created)>(
                        new ServiceException(ErrorReason.StoreUnavailable, "It may or may not be made.")
                        {
                            RetryAfter = TimeSpan.FromSeconds(1),
                        })
                    : call()));

        var refusal = await Refusal.OfAsync(
            service.Client.SubmitVideoAsync(RunningJobService.Request(), cancellationToken: Cancellation));

        Assert.Equal("It may or may not be made.", refusal.Message);
        Assert.NotEmpty(await service.Storage.KeysAsync());
    }

    [Fact]
    public async Task Submit_RowIsNotFoundOut_KeepsTheVideoAndTheFirstFailure()
    {
        var isAway = false;
        await using var service = await RunningJobService.StartAsync(
            RunningJobService.NotServing(),
            services => JobStoreProxy.Decorate(
                services,
                (method, call) =>
                {
                    isAway |= method.Name == nameof(IJobStore.InsertAsync);
                    return method.Name switch
                    {
                        nameof(IJobStore.InsertAsync) => Task.FromException<(JobRecord Job, bool Created)>(
                            new ServiceException(ErrorReason.StorageFull, "The first failure.")),
                        nameof(IJobStore.FindAsync) when isAway => new ValueTask<JobRecord?>(
                            Task.FromException<JobRecord?>(new IOException("away"))),
                        _ => call(),
                    };
                }));

        var refusal = await Refusal.OfAsync(
            service.Client.SubmitVideoAsync(RunningJobService.Request(), cancellationToken: Cancellation));

        Assert.Equal("The first failure.", refusal.Message);
        Assert.NotEmpty(await service.Storage.KeysAsync());
    }

    private static Task<RunningJobService> StartAsync(
        Action<string> onStep, params (string Key, string Value)[] settings) =>
        RunningJobService.StartAsync(
            RunningJobService.NotServing(),
            services =>
            {
                services.AddSingleton<LocalStorage>();
                services.AddSingleton<IStorage>(
                    provider => new ObservedStorage(provider.GetRequiredService<LocalStorage>(), onStep));
            },
            settings);

    private static Task<RunningJobService> StartWithFailingInsertAsync(bool isCommitted) =>
        RunningJobService.StartAsync(
            RunningJobService.NotServing(),
            services => JobStoreProxy.Decorate(
                services,
                (method, call) => method.Name == nameof(IJobStore.InsertAsync)
                    ? FailAsync(isCommitted ? (Task)call()! : Task.CompletedTask)
                    : call()));

    private static async Task<(JobRecord Job, bool Created)> FailAsync(Task before)
    {
        await before;
        throw new IOException("The answer of the database is lost.");
    }

    private static async Task<byte[]> ReadVideoAsync(RunningJobService service, Job job)
    {
        await using var video = await service.Storage.OpenReadAsync($"{job.JobId}.mp4", Cancellation);
        var bytes = new byte[video.Length];
        await video.ReadExactlyAsync(bytes, Cancellation);
        return bytes;
    }

    private static async Task RemoveAsync(RunningJobService service, Job job)
    {
        await service.Client.CancelJobAsync(new() { JobId = job.JobId }, cancellationToken: Cancellation);
        await service.Client.DeleteJobAsync(new() { JobId = job.JobId }, cancellationToken: Cancellation);
    }

    private static async Task AssertNothingIsStoredAsync(RunningJobService service)
    {
        Assert.Empty(await service.Storage.KeysAsync());
        var shared = new DirectoryInfo(Path.Combine(service.StorageFolder, ".shared"));
        Assert.Empty(shared.Exists ? shared.GetFiles() : []);
        Assert.Equal(0, await service.Storage.RemoveAbandonedAsync(Cancellation));
    }
}
