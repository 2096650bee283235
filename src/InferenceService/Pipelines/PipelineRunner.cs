using System.ComponentModel.DataAnnotations;
using System.Runtime.CompilerServices;
using System.Threading.Channels;
using ForegSyte.Hosting.Errors;
using ForegSyte.Inference.Stages;
using ForegSyte.Inference.Video;
using ForegSyte.Inference.Vision;
using ForegSyte.Protocol.Limits;
using ForegSyte.V1;
using Google.Protobuf;
using Microsoft.Extensions.Options;

namespace ForegSyte.Inference.Pipelines;

/// <summary>Runs pipelines over frames. Thread-safe; all calls share the models.</summary>
internal sealed class PipelineRunner(FrameSlots slots, IOptions<PipelineOptions> options)
{
    /// <summary>
    /// Frames that a call uses at most: those in progress, those ahead, and the one that is being decoded.
    /// </summary>
    public int MaxFrames => slots.Count + options.Value.FramesAhead + 1;

    /// <summary>
    /// Returns one result per frame, in the order of the frames. Several frames are decoded and processed concurrently.
    /// The runner disposes every frame, also if the caller stops early.
    /// </summary>
    /// <param name="pipeline">The pipeline.</param>
    /// <param name="jobId">The job of the call, for turns; calls without one share the empty id.</param>
    /// <param name="frames">The frames, read on another thread; must end soon after its token is canceled.</param>
    /// <param name="maxFrames">Frames in memory at most, from 1 to <see cref="MaxFrames"/>.</param>
    /// <param name="meter">Measures decoding and stages.</param>
    /// <param name="filter">Which findings are wanted; null for all.</param>
    /// <param name="sampling">Which frames the models look at; null for all.</param>
    /// <param name="cancellationToken">Cancels the decoder, the stages and the model runs.</param>
    /// <exception cref="ServiceException">
    /// STAGE_FAILED with the metadata pipelineId, node and frameIndex of the first frame that failed. Exceptions of the
    /// frames pass through unchanged.
    /// </exception>
    /// <exception cref="OperationCanceledException">The token was canceled.</exception>
    public async IAsyncEnumerable<AnalyzedFrame> RunAsync(
        CompiledPipeline pipeline, string jobId, IAsyncEnumerable<Frame> frames, int maxFrames, SegmentMeter meter,
        FrameFilter? filter = null, SamplingRule? sampling = null,
        [EnumeratorCancellation] CancellationToken cancellationToken = default)
    {
        using var turns = slots.Enter(jobId);
        await using var run = new PipelineRun(
            pipeline, frames, maxFrames, slots.Count + options.Value.FramesAhead, turns, meter, filter,
            sampling, cancellationToken);
        while (await run.NextAsync() is { } result)
        {
            yield return result;
        }
    }
}

/// <summary>
/// One call: reads the frames, runs each through the nodes as a task of its own, and returns the results in order. A
/// bounded channel of these tasks keeps the order, drops nothing, and makes slow stages slow down the decoder.
/// </summary>
internal sealed class PipelineRun : IAsyncDisposable
{
    private readonly CompiledPipeline _pipeline;
    private readonly FrameTurns _turns;

    /// <summary>Counts the frames that memory has room for, with the one that is being decoded.</summary>
    private readonly SemaphoreSlim _room;
    private readonly SegmentMeter _meter;
    private readonly FrameFilter? _filter;
    private readonly CancellationToken _caller;
    private readonly CancellationTokenSource _stop;
    private readonly Channel<Task<AnalyzedFrame>> _results;
    private readonly UnchangedFrames _unchanged;
    private readonly AdaptiveSampling? _sampling;
    private readonly Task _reader;
    private readonly Lock _idle = new();

    /// <summary>Number of decoded frames that are not done.</summary>
    private int _inProgress;

    /// <summary>Timestamp at which that number last became 0.</summary>
    private long _idleSince;

    /// <summary>Starts to read frames.</summary>
    public PipelineRun(
        CompiledPipeline pipeline, IAsyncEnumerable<Frame> frames, int maxFrames, int startedFrames, FrameTurns turns,
        SegmentMeter meter, FrameFilter? filter, SamplingRule? sampling, CancellationToken cancellationToken)
    {
        _pipeline = pipeline;
        _filter = filter;
        _turns = turns;
        _room = new SemaphoreSlim(maxFrames);
        _meter = meter;
        _caller = cancellationToken;
        _stop = CancellationTokenSource.CreateLinkedTokenSource(cancellationToken);
        _idleSince = meter.Start();
        _unchanged = new UnchangedFrames(pipeline);
        _sampling = sampling is null ? null : new AdaptiveSampling(pipeline, sampling);

        // Two frames are outside the channel: one that waits to enter it and one that the caller waits for.
        _results = Channel.CreateBounded<Task<AnalyzedFrame>>(
            new BoundedChannelOptions(Math.Max(1, startedFrames - 2))
            {
                SingleReader = true,
                SingleWriter = true,
                FullMode = BoundedChannelFullMode.Wait,
                AllowSynchronousContinuations = false,
            });
        _reader = Task.Run(() => ReadFramesAsync(frames), CancellationToken.None);
    }

    /// <summary>The result of the next frame, or null after the last one.</summary>
    /// <exception cref="ServiceException">A stage or the decoder failed; earlier results were returned.</exception>
    /// <exception cref="OperationCanceledException">The caller's token was canceled.</exception>
    public async ValueTask<AnalyzedFrame?> NextAsync()
    {
        try
        {
            return await _results.Reader.WaitToReadAsync(_stop.Token) && _results.Reader.TryRead(out var result)
                ? await result
                : null;
        }
        catch
        {
            await StopAsync();

            // A failure after the caller's cancellation is a consequence of it.
            _caller.ThrowIfCancellationRequested();
            throw;
        }
    }

    /// <summary>Cancels the frames in progress, waits for them and disposes them.</summary>
    public async ValueTask DisposeAsync()
    {
        await StopAsync();
        _unchanged.Dispose();
        _room.Dispose();
        _stop.Dispose();
    }

    private async Task StopAsync()
    {
        await _stop.CancelAsync();
        await _reader;
        while (_results.Reader.TryRead(out var result))
        {
            await ((Task)result).ConfigureAwait(ConfigureAwaitOptions.SuppressThrowing);
        }
    }

    /// <summary>Starts a task per frame. It never throws: the channel ends with the exception.</summary>
    private async Task ReadFramesAsync(IAsyncEnumerable<Frame> frames)
    {
        Task last = Task.CompletedTask;
        var decoded = 0;
        try
        {
            await _room.WaitAsync(_stop.Token);
            await foreach (var frame in frames.WithCancellation(_stop.Token))
            {
                CountStarted();
                decoded++;
                var task = Link(frame);
                var result = Task.Run(() => RunAsync(task), CancellationToken.None);
                last = result;
                await _results.Writer.WriteAsync(result, _stop.Token);
                await _room.WaitAsync(_stop.Token);
            }

            _results.Writer.Complete();
        }
        catch (Exception failure)
        {
            // The last task may have missed the channel; the reader of the channel waits for the others.
            await last.ConfigureAwait(ConfigureAwaitOptions.SuppressThrowing);
            _results.Writer.Complete(failure);
        }
        finally
        {
            _meter.EndDecode(decoded);
        }
    }

    private FrameTask Link(Frame frame)
    {
        try
        {
            var task = new FrameTask(frame, _pipeline.Nodes.Count, _filter)
            {
                QueuedAt = _meter.Start(),
                Look = _sampling?.Next(frame),
            };
            if (_sampling is null)
            {
                _unchanged.Link(task);
            }

            return task;
        }
        catch
        {
            frame.Dispose();
            throw;
        }
    }

    private async Task<AnalyzedFrame> RunAsync(FrameTask task)
    {
        try
        {
            using (task.Frame)
            {
                // Before the slot, because the earlier frame may still wait for one.
                await task.WaitForEarlierAsync();
                var slot = await _turns.TakeAsync(_stop.Token);
                _meter.AddQueue(task.QueuedAt, _pipeline.Nodes[0].Id);
                try
                {
                    return await RunNodesAsync(task);
                }
                finally
                {
                    _turns.Release(slot);
                }
            }
        }
        finally
        {
            task.End();
            CountEnded();
            _room.Release();
        }
    }

    private async ValueTask<AnalyzedFrame> RunNodesAsync(FrameTask task)
    {
        var known = task.Look?.Before is { } before
            ? (await before).In(task.Look, _filter ?? FrameFilter.All)
            : null;
        for (var position = 0; position < _pipeline.Nodes.Count; position++)
        {
            var node = _pipeline.Nodes[position];
            task.Complete(position, task.EarlierOutput(position) is { } earlier
                ? node.Stage.Reuse(earlier, task.InputOf(node))
                : known?.Wants(node) == false
                    ? known.Carry(position, node, task.InputOf(node))
                    : await ProcessAsync(node, task));
            _meter.AddUnsupportedLines(task.Outputs[position]!.UnsupportedLines);
        }

        task.Look?.Complete(LookResult.After(
            known, task.Look.Picture, task.Frame, _pipeline.Nodes, [.. task.Outputs.Select(output => output!)]));
        List<StageOutput> outputs = [.. _pipeline.Nodes.Zip(task.Outputs)
            .Where(pair => pair.First.IsOutput).Select(pair => pair.Second!)];
        var result = new FrameResult
        {
            FrameIndex = task.Frame.Index,
            FrameTimestampMs = task.Frame.TimestampMs,
            Result = ResultAssembly.Assemble(outputs),
            Interpolated = known is not null && _pipeline.IsInterpolated(known),
        };
        var observations = _pipeline.Tracking is { } tracking
            ? ResultAssembly.Observe(outputs, result.Result, SignatureOf(task.Frame, tracking))
            : null;
        if (known is { LooksAtObjects: false, IsStill: false } && _pipeline.Tracking?.Objects is not null)
        {
            observations!.Candidates.AddRange(known.ObjectsIn(task.Frame));
        }

        return new AnalyzedFrame(result, observations);
    }

    private static ByteString SignatureOf(Frame frame, Tracking tracking) => tracking.Shots is null
        ? ByteString.Empty
        : UnsafeByteOperations.UnsafeWrap(SignatureDescriptor.Describe(frame.Image));

    private async ValueTask<StageOutput> ProcessAsync(CompiledNode node, FrameTask task)
    {
        _stop.Token.ThrowIfCancellationRequested();
        var start = _meter.Start();
        try
        {
            return await node.Stage.ProcessAsync(task.InputOf(node), _stop.Token);
        }
        catch (Exception failure) when (failure is not OperationCanceledException || !_stop.IsCancellationRequested)
        {
            throw StageFailed(node, task.Frame.Index, failure);
        }
        finally
        {
            _meter.AddInference(start, node.Id);
        }
    }

    private void CountStarted()
    {
        lock (_idle)
        {
            if (_inProgress++ == 0)
            {
                _meter.AddDecodeWait(_idleSince);
            }
        }
    }

    private void CountEnded()
    {
        lock (_idle)
        {
            if (--_inProgress == 0)
            {
                _idleSince = _meter.Start();
            }
        }
    }

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

/// <summary>Location and execution of the pipelines; the section "Pipelines".</summary>
internal sealed class PipelineOptions
{
    public const string Section = "Pipelines";

    /// <summary>Folder of the pipelines, one file {id}.json each; a relative path starts at the data folder.</summary>
    /// <value>The default is "pipelines".</value>
    [Required]
    public string Directory { get; set; } = "pipelines";

    /// <summary>
    /// Maximum number of frames per call that wait for a slot or for the caller, in addition to those in progress. More
    /// frames smooth uneven decoding and processing; each one takes the memory of a decoded frame.
    /// </summary>
    /// <value>The default is 4.</value>
    [Range(1, 256)]
    [Limit("frames", "Decoded frames per call that wait for a slot or for the caller; at the limit decoding waits.")]
    public int FramesAhead { get; set; } = 4;
}
