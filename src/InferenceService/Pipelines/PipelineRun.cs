using System.Threading.Channels;
using ForegSyte.Hosting.Errors;
using ForegSyte.Inference.Stages;
using ForegSyte.Inference.Video;
using ForegSyte.V1;

namespace ForegSyte.Inference.Pipelines;

/// <summary>
/// One call's frames on their way. Each frame goes through the nodes by itself, several frames side by side: decoding
/// and all stages overlap, and no stage waits because another one takes longer. The results wait in a bounded channel
/// in the order of the frames; so order is kept, nothing is dropped, and slow stages hold back the decoder.
/// </summary>
internal sealed class PipelineRun : IAsyncDisposable
{
    private readonly CompiledPipeline _pipeline;
    private readonly FrameSlots _slots;
    private readonly SegmentMeter _meter;
    private readonly CancellationToken _caller;
    private readonly CancellationTokenSource _stop;
    private readonly Channel<Task<FrameResult>> _results;
    private readonly UnchangedFrames _unchanged;
    private readonly Task _pump;
    private readonly Lock _idle = new();

    /// <summary>Frames that were decoded and are not done.</summary>
    private int _working;

    /// <summary>Since when there has been none.</summary>
    private long _idleSince;

    /// <summary>Starts to pull frames.</summary>
    public PipelineRun(
        CompiledPipeline pipeline, IAsyncEnumerable<Frame> frames, int framesAhead, FrameSlots slots,
        SegmentMeter meter, CancellationToken cancellationToken)
    {
        _pipeline = pipeline;
        _slots = slots;
        _meter = meter;
        _caller = cancellationToken;
        _stop = CancellationTokenSource.CreateLinkedTokenSource(cancellationToken);
        _idleSince = meter.Start();
        _unchanged = new UnchangedFrames(pipeline);

        // Two frames are never in the channel: the one that the pump holds and the one that the caller waits for.
        _results = Channel.CreateBounded<Task<FrameResult>>(
            new BoundedChannelOptions(Math.Max(1, slots.Count + framesAhead - 2))
            {
                SingleReader = true,
                SingleWriter = true,
                FullMode = BoundedChannelFullMode.Wait,
                AllowSynchronousContinuations = false,
            });
        _pump = Task.Run(() => PumpAsync(frames), CancellationToken.None);
    }

    /// <summary>The next frame's result, or null after the last.</summary>
    /// <exception cref="ServiceException">A stage or the decoder failed; what came before it was given.</exception>
    /// <exception cref="OperationCanceledException">The caller's token was cancelled.</exception>
    public async ValueTask<FrameResult?> NextAsync()
    {
        try
        {
            return await _results.Reader.WaitToReadAsync(_stop.Token) && _results.Reader.TryRead(out var work)
                ? await work
                : null;
        }
        catch
        {
            await StopAsync();

            // What fails after the caller cancelled failed because of that.
            _caller.ThrowIfCancellationRequested();
            throw;
        }
    }

    /// <summary>Stops what still runs, waits for it, and gives every frame back.</summary>
    public async ValueTask DisposeAsync()
    {
        await StopAsync();
        _unchanged.Dispose();
        _stop.Dispose();
    }

    private async Task StopAsync()
    {
        await _stop.CancelAsync();
        await _pump;
        while (_results.Reader.TryRead(out var work))
        {
            await ((Task)work).ConfigureAwait(ConfigureAwaitOptions.SuppressThrowing);
        }
    }

    /// <summary>Starts the work on each frame. It never faults: a failure is the last thing in the channel.</summary>
    private async Task PumpAsync(IAsyncEnumerable<Frame> frames)
    {
        Task work = Task.CompletedTask;
        var decoded = 0;
        try
        {
            await foreach (var frame in frames.WithCancellation(_stop.Token))
            {
                CountBegun();
                decoded++;
                var next = new FrameWork(frame, _pipeline.Nodes.Count) { QueuedAt = _meter.Start() };
                _unchanged.Link(next);
                var result = Task.Run(() => WorkAsync(next), CancellationToken.None);
                work = result;
                await _results.Writer.WriteAsync(result, _stop.Token);
            }

            _results.Writer.Complete();
        }
        catch (Exception failure)
        {
            // The work that did not get into the channel; what did is waited for by those who take it out.
            await work.ConfigureAwait(ConfigureAwaitOptions.SuppressThrowing);
            _results.Writer.Complete(failure);
        }
        finally
        {
            _meter.EndDecode(decoded);
        }
    }

    private async Task<FrameResult> WorkAsync(FrameWork work)
    {
        try
        {
            using (work.Frame)
            {
                // Before the slot: the earlier frame may still have to get one.
                await work.WaitForEarlierAsync();
                await _slots.TakeAsync(_stop.Token);
                _meter.AddQueue(work.QueuedAt, _pipeline.Nodes[0].Id);
                try
                {
                    return await ComputeAsync(work);
                }
                finally
                {
                    _slots.Release();
                }
            }
        }
        finally
        {
            work.End();
            CountEnded();
        }
    }

    private async ValueTask<FrameResult> ComputeAsync(FrameWork work)
    {
        for (var position = 0; position < _pipeline.Nodes.Count; position++)
        {
            var node = _pipeline.Nodes[position];
            work.Complete(position, work.EarlierOutput(position) is { } earlier
                ? node.Stage.TakeOver(earlier, work.InputOf(node))
                : await ProcessAsync(node, work));
        }

        return ToResult(work);
    }

    private async ValueTask<StageOutput> ProcessAsync(CompiledNode node, FrameWork work)
    {
        _stop.Token.ThrowIfCancellationRequested();
        var start = _meter.Start();
        try
        {
            return await node.Stage.ProcessAsync(work.InputOf(node), _stop.Token);
        }
        catch (Exception failure) when (failure is not OperationCanceledException || !_stop.IsCancellationRequested)
        {
            throw StageFailed(node, work.Frame.Index, failure);
        }
        finally
        {
            _meter.AddInference(start, node.Id);
        }
    }

    private void CountBegun()
    {
        lock (_idle)
        {
            if (_working++ == 0)
            {
                _meter.AddDecodeWait(_idleSince);
            }
        }
    }

    private void CountEnded()
    {
        lock (_idle)
        {
            if (--_working == 0)
            {
                _idleSince = _meter.Start();
            }
        }
    }

    private FrameResult ToResult(FrameWork work) => new()
    {
        FrameIndex = work.Frame.Index,
        FrameTimestampMs = work.Frame.TimestampMs,
        Result = ResultAssembly.Assemble(
            [.. _pipeline.Nodes.Zip(work.Outputs).Where(pair => pair.First.IsOutput).Select(pair => pair.Second!)]),
    };

    private ServiceException StageFailed(CompiledNode node, int frameIndex, Exception cause)
    {
        var frame = frameIndex.ToString(System.Globalization.CultureInfo.InvariantCulture);
        return new ServiceException(
            ErrorReason.StageFailed,
            $"Node '{node.Id}' of the pipeline '{_pipeline.Definition.Id}' failed at frame {frame}.",
            cause)
        {
            Metadata = new Dictionary<string, string>
            {
                ["pipelineId"] = _pipeline.Definition.Id,
                ["node"] = node.Id,
                ["frameIndex"] = frame,
            },
        };
    }
}
