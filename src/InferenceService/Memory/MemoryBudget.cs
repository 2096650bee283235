using System.ComponentModel.DataAnnotations;
using ForegSyte.Protocol.Limits;
using ForegSyte.V1;

namespace ForegSyte.Inference.Memory;

/// <summary>The memory of decoders and frames. Section "Memory".</summary>
internal sealed class MemoryOptions
{
    public const string Section = "Memory";

    /// <summary>Full name of the option that sets <see cref="BudgetBytes"/>.</summary>
    public const string BudgetOption = $"{Section}:{nameof(BudgetBytes)}";

    /// <summary>Full name of the option that sets <see cref="DecoderHeadroomMebibytes"/>.</summary>
    public const string HeadroomOption = $"{Section}:{nameof(DecoderHeadroomMebibytes)}";

    /// <value>
    /// Maximum memory of decoders, probes and frames in flight, in bytes. 0, the default, derives it from the memory
    /// that the service may use (<see cref="MemoryLimit"/>). Models are not part of it.
    /// </value>
    [Range(0, 1L << 50)]
    [Limit(
        "bytes",
        "Memory of decoders and frames in flight; a segment waits for its share, and a video that cannot fit is "
        + "refused. 0 derives it from the memory of the container or machine.",
        Reason = ErrorReason.VideoLimitExceeded)]
    public long BudgetBytes { get; set; }

    /// <value>
    /// Address space of a decoder in MiB above its share of the budget: libraries, stacks and the allocator's reserve,
    /// most of which takes no memory.
    /// </value>
    [Range(256, 65_536)]
    [Limit(
        "MiB", "Address space of a decoder above its share of the budget; at the limit the kernel grants no more.",
        Reason = ErrorReason.VideoLimitExceeded)]
    public int DecoderHeadroomMebibytes { get; set; } = 512;
}

/// <summary>
/// Admits work by the memory that it may take. Shares are granted in the order of the requests: a large request at the
/// head of the queue holds back those behind it, so that it is never starved. Brief requests go before the others, but
/// at most <see cref="MaxOvertakers"/> before the same one. A request takes its smaller size instead of waiting if that
/// fits.
/// </summary>
/// <param name="bytes">The budget.</param>
internal sealed class MemoryBudget(long bytes)
{
    /// <summary>Number of brief requests that go before the same other request.</summary>
    public const int MaxOvertakers = 8;

    private readonly Lock _lock = new();
    private readonly LinkedList<Request> _queue = new();
    private long _used;

    /// <summary>
    /// Raised outside the lock while a request waits, with the number of bytes that it misses: who holds a share only
    /// to save time returns it.
    /// </summary>
    public event Action<long>? Missing;

    /// <summary>Size of the budget in bytes.</summary>
    public long Bytes { get; } = bytes;

    /// <summary>Granted bytes; never more than <see cref="Bytes"/>.</summary>
    public long Used => Interlocked.Read(ref _used);

    /// <summary>Number of waiting requests.</summary>
    public int Waiting
    {
        get
        {
            lock (_lock)
            {
                return _queue.Count;
            }
        }
    }

    /// <summary>Waits for a share of one of these sizes; the caller disposes it.</summary>
    /// <param name="sizes">Sizes in bytes, the preferred one first, the smallest last; it fits the budget.</param>
    /// <param name="isBrief">
    /// Whether the share is returned soon, as that of a probe; it goes first, behind earlier brief ones.
    /// </param>
    /// <param name="cancellationToken">Ends the wait.</param>
    /// <exception cref="OperationCanceledException">The wait was cancelled.</exception>
    public async Task<MemoryShare> TakeAsync(
        IReadOnlyList<long> sizes, bool isBrief, CancellationToken cancellationToken)
    {
        ArgumentOutOfRangeException.ThrowIfGreaterThan(sizes[^1], Bytes, nameof(sizes));
        cancellationToken.ThrowIfCancellationRequested();
        var request = new Request(sizes, isBrief);
        lock (_lock)
        {
            EnqueueLocked(request);
        }

        Grant();
        await using var cancelled = cancellationToken.UnsafeRegister((_, token) => Withdraw(request, token), null);
        return await request.Share;
    }

    /// <inheritdoc cref="TakeAsync(IReadOnlyList{long}, bool, CancellationToken)" />
    /// <param name="sizes">Sizes in bytes, the preferred one first, the smallest last; it fits the budget.</param>
    /// <param name="isBrief">Whether the share is returned soon.</param>
    /// <param name="maxWait">Maximum time of the wait.</param>
    /// <param name="time">The clock.</param>
    /// <param name="cancellationToken">Ends the wait.</param>
    /// <exception cref="TimeoutException">No share became free in time.</exception>
    public async Task<MemoryShare> TakeAsync(
        IReadOnlyList<long> sizes, bool isBrief, TimeSpan maxWait, TimeProvider time,
        CancellationToken cancellationToken)
    {
        using var wait = new CancellationTokenSource(maxWait, time);
        using var ending = CancellationTokenSource.CreateLinkedTokenSource(cancellationToken, wait.Token);
        try
        {
            return await TakeAsync(sizes, isBrief, ending.Token);
        }
        catch (OperationCanceledException) when (!cancellationToken.IsCancellationRequested)
        {
            throw new TimeoutException();
        }
    }

    private void EnqueueLocked(Request request)
    {
        for (var node = request.IsBrief ? _queue.First : null; node is not null; node = node.Next)
        {
            if (node.Value is { IsBrief: false, Overtakers: < MaxOvertakers } overtaken)
            {
                overtaken.Overtakers++;
                _queue.AddBefore(node, request);
                return;
            }
        }

        _queue.AddLast(request);
    }

    internal void Release(long returned)
    {
        lock (_lock)
        {
            _used -= returned;
        }

        Grant();
    }

    /// <summary>Grants what fits, in order; asks for the rest.</summary>
    private void Grant()
    {
        long missing = 0;
        lock (_lock)
        {
            while (_queue.First?.Value is { } head)
            {
                var free = Bytes - _used;
                var choice = head.Sizes.Index().FirstOrDefault(size => size.Item <= free, (-1, 0));
                if (choice.Index < 0)
                {
                    missing = head.Sizes[^1] - free;
                    break;
                }

                _queue.RemoveFirst();
                _used += choice.Item;
                head.Grant(new MemoryShare(this, choice.Item, choice.Index));
            }
        }

        if (missing > 0)
        {
            Missing?.Invoke(missing);
        }
    }

    private void Withdraw(Request request, CancellationToken cancellationToken)
    {
        bool isWaiting;
        lock (_lock)
        {
            // A request that is no longer in the queue was granted just before.
            isWaiting = _queue.Remove(request);
        }

        if (isWaiting)
        {
            request.Cancel(cancellationToken);
            Grant();
        }
    }

    private sealed class Request(IReadOnlyList<long> sizes, bool isBrief)
    {
        // Completed under the lock; the continuation must not run there.
        private readonly TaskCompletionSource<MemoryShare> _share =
            new(TaskCreationOptions.RunContinuationsAsynchronously);

        public IReadOnlyList<long> Sizes { get; } = sizes;

        public bool IsBrief { get; } = isBrief;

        /// <summary>Number of brief requests that went before it while it was their first.</summary>
        public int Overtakers { get; set; }

        public Task<MemoryShare> Share => _share.Task;

        public void Grant(MemoryShare share) => _share.SetResult(share);

        public void Cancel(CancellationToken cancellationToken) => _share.SetCanceled(cancellationToken);
    }
}

/// <summary>A granted part of the budget; disposing it returns it. Thread-safe.</summary>
internal sealed class MemoryShare : IDisposable
{
    private readonly MemoryBudget _owner;
    private long _bytes;

    internal MemoryShare(MemoryBudget owner, long bytes, int choice)
    {
        (_owner, _bytes, Choice) = (owner, bytes, choice);
    }

    /// <summary>Index of the granted size.</summary>
    public int Choice { get; }

    /// <summary>Bytes that it still has.</summary>
    public long Bytes => Interlocked.Read(ref _bytes);

    /// <summary>
    /// Moves a part to another holder, who keeps it only to save time; null if a request waits for memory, or if this
    /// share has less.
    /// </summary>
    public MemoryShare? TrySplit(long bytes)
    {
        if (_owner.Waiting > 0)
        {
            return null;
        }

        for (var have = Bytes; have >= bytes; have = Bytes)
        {
            if (Interlocked.CompareExchange(ref _bytes, have - bytes, have) == have)
            {
                return new MemoryShare(_owner, bytes, 0);
            }
        }

        return null;
    }

    /// <inheritdoc />
    public void Dispose()
    {
        var returned = Interlocked.Exchange(ref _bytes, 0);
        if (returned > 0)
        {
            _owner.Release(returned);
        }
    }
}
