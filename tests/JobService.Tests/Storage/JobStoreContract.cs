using ForegSyte.V1;

namespace ForegSyte.Jobs.Tests.Storage;

/// <summary>The conformance suite for job stores.</summary>
public abstract partial class JobStoreContract
{
    private protected abstract IJobStore Store { get; }

    private protected static CancellationToken Cancellation => TestContext.Current.CancellationToken;

    [Fact]
    public async Task Insert_EveryFieldSet_FindReturnsTheSame()
    {
        var job = TestJobs.Full();

        var (inserted, created) = await Store.InsertAsync(job, Cancellation);

        Assert.True(created, "The job was not stored as a new one.");
        Assert.Equal(TestJobs.Text(job), TestJobs.Text(inserted));
        Assert.Equal(TestJobs.Text(job), TestJobs.Text(await Store.FindAsync(job.JobId, Cancellation)));
    }

    [Fact]
    public async Task Insert_NoOptionalField_FindReturnsTheSame()
    {
        var job = TestJobs.Pending();

        await Store.InsertAsync(job, Cancellation);

        Assert.Equal(TestJobs.Text(job), TestJobs.Text(await Store.FindAsync(job.JobId, Cancellation)));
    }

    [Fact]
    public async Task Insert_TimesFinerThanMicroseconds_AreCutInTheResultToo()
    {
        var job = TestJobs.Pending(createdAt: TestJobs.Noon.AddTicks(19).ToOffset(TimeSpan.FromHours(5)));

        var (inserted, _) = await Store.InsertAsync(job, Cancellation);

        Assert.Equal(TestJobs.Noon.AddTicks(10), inserted.CreatedAt);
        Assert.Equal(TimeSpan.Zero, inserted.CreatedAt.Offset);
        Assert.Equal(TestJobs.Text(inserted), TestJobs.Text(await Store.FindAsync(job.JobId, Cancellation)));
    }

    [Fact]
    public async Task Insert_RequestIdUsed_ReturnsTheEarlierJobAndStoresNothing()
    {
        var requestId = Guid.NewGuid();
        var first = TestJobs.Pending(requestId: requestId);
        var second = TestJobs.Pending(requestId: requestId);
        await Store.InsertAsync(first, Cancellation);

        var (found, created) = await Store.InsertAsync(second, Cancellation);

        Assert.False(created, "The job with a used request id was stored.");
        Assert.Equal(TestJobs.Text(first), TestJobs.Text(found));
        Assert.Null(await Store.FindAsync(second.JobId, Cancellation));
    }

    [Fact]
    public async Task Insert_OneRequestIdManyTimesAtOnce_OneIsCreated()
    {
        var requestId = Guid.NewGuid();

        var results = await Task.WhenAll(Enumerable.Range(0, 32).Select(_ =>
            Store.InsertAsync(TestJobs.Pending(requestId: requestId), Cancellation)));

        Assert.Single(results, result => result.Created);
        Assert.Single(results.Select(result => result.Job.JobId).Distinct());
    }

    [Fact]
    public async Task Insert_JobIdUsed_ThrowsAndChangesNothing()
    {
        var job = TestJobs.Pending();
        await Store.InsertAsync(job, Cancellation);
        var requestId = Guid.NewGuid();

        await Assert.ThrowsAsync<ArgumentException>(() =>
            Store.InsertAsync(TestJobs.Full() with { JobId = job.JobId, RequestId = requestId }, Cancellation));

        Assert.Equal(TestJobs.Text(job), TestJobs.Text(await Store.FindAsync(job.JobId, Cancellation)));
        Assert.Null(await Store.FindByRequestIdAsync(requestId, Cancellation));
    }

    [Fact]
    public async Task FindByRequestId_KnownAndUnknown()
    {
        var job = TestJobs.Full();
        await Store.InsertAsync(job, Cancellation);

        Assert.Equal(
            TestJobs.Text(job), TestJobs.Text(await Store.FindByRequestIdAsync(job.RequestId!.Value, Cancellation)));
        Assert.Null(await Store.FindByRequestIdAsync(Guid.NewGuid(), Cancellation));
        Assert.Null(await Store.FindAsync(Guid.NewGuid(), Cancellation));
    }

    [Fact]
    public async Task Update_EveryFieldThatMayChange_IsStored()
    {
        var full = TestJobs.Full();
        var job = TestJobs.Pending();
        await Store.InsertAsync(job, Cancellation);
        JobRecord Change(JobRecord before) => full with
        {
            JobId = before.JobId,
            RequestId = before.RequestId,
            Fingerprint = before.Fingerprint,
            FrameStride = before.FrameStride,
            MaxFrames = before.MaxFrames,
            Choices = before.Choices,
            Tenant = before.Tenant,
            VideoSha256 = before.VideoSha256,
            VideoBytes = before.VideoBytes,
            TraceParent = before.TraceParent,
            Webhook = before.Webhook,
        };

        var updated = await Store.UpdateAsync(job.JobId, Change, Cancellation);

        Assert.Equal(TestJobs.Text(Change(job)), TestJobs.Text(updated));
        Assert.Equal(TestJobs.Text(updated), TestJobs.Text(await Store.FindAsync(job.JobId, Cancellation)));
        var back = await Store.UpdateAsync(job.JobId, _ => job, Cancellation);
        Assert.Equal(TestJobs.Text(job), TestJobs.Text(back));
        Assert.Equal(TestJobs.Text(job), TestJobs.Text(await Store.FindAsync(job.JobId, Cancellation)));
    }

    [Fact]
    public async Task Update_NoSuchJob_ReturnsNullAndCallsNothing() =>
        Assert.Null(
            await Store.UpdateAsync(Guid.NewGuid(), _ => throw new InvalidOperationException("called"), Cancellation));

    [Fact]
    public async Task Update_TransitionThrows_ReachesTheCallerAndChangesNothing()
    {
        var job = TestJobs.Full();
        await Store.InsertAsync(job, Cancellation);

        var failure = await Assert.ThrowsAsync<TimeoutException>(() =>
            Store.UpdateAsync(job.JobId, _ => throw new TimeoutException("refused"), Cancellation));

        Assert.Equal("refused", failure.Message);
        Assert.Equal(TestJobs.Text(job), TestJobs.Text(await Store.FindAsync(job.JobId, Cancellation)));
    }

    [Fact]
    public async Task Update_SameInstance_ReturnsIt()
    {
        var job = TestJobs.Full();
        await Store.InsertAsync(job, Cancellation);

        Assert.Equal(TestJobs.Text(job), TestJobs.Text(await Store.UpdateAsync(job.JobId, same => same, Cancellation)));
    }

    [Fact]
    public async Task Update_FixedFieldChanged_ThrowsAndChangesNothing()
    {
        var job = TestJobs.Pending();
        await Store.InsertAsync(job, Cancellation);

        await Assert.ThrowsAsync<ArgumentException>(() =>
            Store.UpdateAsync(
                job.JobId, before => before with { CreatedAt = before.CreatedAt.AddDays(1) }, Cancellation));
        await Assert.ThrowsAsync<ArgumentException>(() =>
            Store.UpdateAsync(job.JobId, before => before with { RequestId = Guid.NewGuid() }, Cancellation));

        Assert.Equal(TestJobs.Text(job), TestJobs.Text(await Store.FindAsync(job.JobId, Cancellation)));
    }

    [Fact]
    public async Task Update_ManyAtOnce_NoneIsLost()
    {
        var job = TestJobs.Pending();
        await Store.InsertAsync(job, Cancellation);

        await Task.WhenAll(Enumerable.Range(0, 50).Select(_ => Store.UpdateAsync(
            job.JobId,
            before => before with
            {
                FramesDone = before.FramesDone + 1,
                Attempts =
                    [.. before.Attempts, new AttemptRecord(before.Attempts.Count + 1, TestJobs.Noon, null, null)],
            },
            Cancellation)));

        var found = await Store.FindAsync(job.JobId, Cancellation);
        Assert.Equal(50, found!.FramesDone);
        Assert.Equal(Enumerable.Range(1, 50), found.Attempts.Select(attempt => attempt.Number));
    }

    [Fact]
    public async Task Anything_CancelledBefore_ThrowsAndChangesNothing()
    {
        var job = TestJobs.Pending();
        var cancelled = new CancellationToken(canceled: true);

        await Assert.ThrowsAnyAsync<OperationCanceledException>(() => Store.InsertAsync(job, cancelled));
        await Assert.ThrowsAnyAsync<OperationCanceledException>(() => Store.FindAsync(job.JobId, cancelled).AsTask());

        Assert.Null(await Store.FindAsync(job.JobId, Cancellation));
    }

    [Fact]
    public async Task List_PagesOfAnySize_AreAllJobsNewestFirst()
    {
        // Only three different times, so that ids decide the order within pages and between them.
        var jobs = Enumerable.Range(0, 23)
            .Select(i => TestJobs.Pending(createdAt: TestJobs.Noon.AddTicks(i % 3 * TimeSpan.TicksPerMicrosecond)))
            .ToList();
        foreach (var job in jobs)
        {
            await Store.InsertAsync(job, Cancellation);
        }

        var expected =
            jobs.OrderByDescending(job => job.CreatedAt).ThenByDescending(job => job.JobId).Select(job => job.JobId);
        foreach (var limit in (int[])[1, 2, 7, 23, 100])
        {
            Assert.Equal(expected, (await PagesAsync(filter: null, limit)).Select(job => job.JobId));
        }
    }

    [Fact]
    public async Task List_WithFilter_HoldsTheMatchingJobsWithTheirAttempts()
    {
        var failed = TestJobs.Full();
        await Store.InsertAsync(TestJobs.Pending(), Cancellation);
        await Store.InsertAsync(failed, Cancellation);

        var found = await PagesAsync(JobFilterParser.Parse("status = FAILED"), limit: 10);

        Assert.Equal([TestJobs.Text(failed)], found.Select(TestJobs.Text));
    }

    [Fact]
    public async Task ListUnfinished_EveryStatus_IsPendingAndRunningOldestFirst()
    {
        var jobs = Enum.GetValues<JobStatus>()
            .Where(status => status != JobStatus.Unspecified)
            .Select((status, i) => TestJobs.Pending(createdAt: TestJobs.Noon.AddMinutes(-i)) with { Status = status })
            .ToList();
        foreach (var job in jobs)
        {
            await Store.InsertAsync(job, Cancellation);
        }

        var unfinished = await Store.ListUnfinishedAsync(Cancellation);
        Assert.Equal([jobs[1].JobId, jobs[0].JobId], unfinished.Select(job => job.JobId));
    }

    [Fact]
    public async Task Delete_Job_IsGoneWithItsRequestIdAndNoted()
    {
        var job = TestJobs.Full();
        await Store.InsertAsync(job, Cancellation);
        var checkedText = "";

        var deleted = await Store.DeleteAsync(job.JobId, stored => checkedText = TestJobs.Text(stored), Cancellation);

        Assert.Equal(TestJobs.Text(job), TestJobs.Text(deleted));
        Assert.Equal(TestJobs.Text(job), checkedText);
        Assert.Null(await Store.FindAsync(job.JobId, Cancellation));
        Assert.Null(await Store.FindByRequestIdAsync(job.RequestId!.Value, Cancellation));
        Assert.Empty(await PagesAsync(filter: null, limit: 10));
        Assert.Equal([job.JobId], await Store.ListDeletedAsync(10, Cancellation));
        var (_, created) = await Store.InsertAsync(TestJobs.Pending(requestId: job.RequestId), Cancellation);
        Assert.True(created, "The request id of the deleted job is still in use.");
    }

    [Fact]
    public async Task Delete_CheckThrows_ReachesTheCallerAndChangesNothing()
    {
        var job = TestJobs.Full();
        await Store.InsertAsync(job, Cancellation);

        await Assert.ThrowsAsync<TimeoutException>(() =>
            Store.DeleteAsync(job.JobId, _ => throw new TimeoutException(), Cancellation));

        Assert.Equal(TestJobs.Text(job), TestJobs.Text(await Store.FindAsync(job.JobId, Cancellation)));
        Assert.Empty(await Store.ListDeletedAsync(10, Cancellation));
    }

    [Fact]
    public async Task Delete_NoSuchJob_ReturnsNullAndNotesNothing()
    {
        Assert.Null(
            await Store.DeleteAsync(Guid.NewGuid(), _ => throw new InvalidOperationException("called"), Cancellation));
        Assert.Empty(await Store.ListDeletedAsync(10, Cancellation));
    }

    [Fact]
    public async Task ForgetDeleted_SomeOfThem_LeavesTheOthers()
    {
        var jobs = Enumerable.Range(0, 5).Select(_ => TestJobs.Pending()).ToList();
        foreach (var job in jobs)
        {
            await Store.InsertAsync(job, Cancellation);
            await Store.DeleteAsync(job.JobId, _ => { }, Cancellation);
        }

        Assert.Equal(2, (await Store.ListDeletedAsync(2, Cancellation)).Count);
        await Store.ForgetDeletedAsync([.. jobs.Take(3).Select(job => job.JobId)], Cancellation);

        var left = await Store.ListDeletedAsync(10, Cancellation);
        Assert.Equal(jobs.Skip(3).Select(job => job.JobId).Order(), left.Order());
    }

    [Fact]
    public async Task ListEnded_BeforeATime_IsWhatEndedFirst()
    {
        var jobs = Enumerable.Range(0, 6)
            .Select(i => TestJobs.Pending() with { Status = JobStatus.Failed, EndedAt = TestJobs.Noon.AddMinutes(-i) })
            .ToList();
        foreach (var job in jobs.Append(TestJobs.Pending()))
        {
            await Store.InsertAsync(job, Cancellation);
        }

        var ended = await Store.ListEndedAsync(TestJobs.Noon.AddMinutes(-1), 3, Cancellation);

        Assert.Equal([jobs[5].JobId, jobs[4].JobId, jobs[3].JobId], ended);
        Assert.Equal(4, (await Store.ListEndedAsync(TestJobs.Noon.AddMinutes(-1), 10, Cancellation)).Count);
    }

    [Fact]
    public async Task FindKnown_SomeIds_AreThoseWithAJob()
    {
        var jobs = Enumerable.Range(0, 3).Select(_ => TestJobs.Pending()).ToList();
        foreach (var job in jobs)
        {
            await Store.InsertAsync(job, Cancellation);
        }

        var known = await Store.FindKnownAsync([Guid.NewGuid(), jobs[0].JobId, jobs[2].JobId], Cancellation);

        Assert.Equal(new[] { jobs[0].JobId, jobs[2].JobId }.Order(), known.Order());
        Assert.Empty(await Store.FindKnownAsync([], Cancellation));
    }

    [Fact]
    public async Task ForgetRequestIds_BeforeATime_LetsThemMakeNewJobs()
    {
        var old = TestJobs.Pending(createdAt: TestJobs.Noon.AddDays(-8), requestId: Guid.NewGuid());
        var recent = TestJobs.Pending(createdAt: TestJobs.Noon, requestId: Guid.NewGuid());
        await Store.InsertAsync(old, Cancellation);
        await Store.InsertAsync(recent, Cancellation);

        Assert.Equal(1, await Store.ForgetRequestIdsAsync(TestJobs.Noon.AddDays(-7), Cancellation));

        Assert.Null(await Store.FindByRequestIdAsync(old.RequestId!.Value, Cancellation));
        Assert.NotNull(await Store.FindByRequestIdAsync(recent.RequestId!.Value, Cancellation));
        var second = TestJobs.Pending(requestId: old.RequestId);
        var (_, created) = await Store.InsertAsync(second, Cancellation);
        Assert.True(created, "The forgotten request id is still in use.");

        // The first job still has the request id in its record, but the id belongs to the second one.
        await Store.DeleteAsync(old.JobId, _ => { }, Cancellation);
        var found = await Store.FindByRequestIdAsync(old.RequestId!.Value, Cancellation);
        Assert.Equal(second.JobId, found!.JobId);
    }

    [Fact]
    public async Task BeginGeneration_EachTime_CountsAndKeepsTheIdentity()
    {
        var first = await Store.BeginGenerationAsync(Cancellation);
        var second = await Store.BeginGenerationAsync(Cancellation);

        Assert.Equal(1, first.Generation);
        Assert.Equal(2, second.Generation);
        Assert.Equal(first.DatabaseId, second.DatabaseId);
        Assert.NotEqual(Guid.Empty, first.DatabaseId);
    }

    private async Task<List<JobRecord>> PagesAsync(JobFilter? filter, int limit)
    {
        var all = new List<JobRecord>();
        while (true)
        {
            var after = all.Count == 0 ? null : new JobPosition(all[^1].CreatedAt, all[^1].JobId);
            var page = await Store.ListAsync(new JobQuery(filter, after, limit), Cancellation);
            Assert.InRange(page.Count, 0, limit);
            if (page.Count == 0)
            {
                return all;
            }

            all.AddRange(page);
        }
    }
}
