using ForegSyte.Inference.Stages;
using ForegSyte.Inference.V1;
using ForegSyte.Inference.Video;
using ForegSyte.Inference.Vision;
using ForegSyte.V1;
using Google.Protobuf;

namespace ForegSyte.Inference.Pipelines;

/// <summary>Which frames the models look at: RunPipelineRequest.adaptive.</summary>
/// <param name="Step">Frames between two usual looks.</param>
/// <param name="Interval">Frames between two looks that happen in any case; a multiple of the step.</param>
internal sealed record SamplingRule(int Step, int Interval);

/// <summary>
/// Decides for the frames of one call which of them the models look at, and finds the objects again in the others
/// (ADR 54). Usual looks depend on pictures alone, so they can run at the same time; the frames between two of them
/// wait for what the first one found. Frames must come in order.
/// </summary>
internal sealed class AdaptiveSampling(CompiledPipeline pipeline, SamplingRule rule)
{
    /// <summary>
    /// Change of a block in gray levels from which a picture counts as changed: twice what the noise and the coding of
    /// a still scene change at most in vtest.avi and the sample.
    /// </summary>
    private const int MaxStillChange = 8;

    private readonly DecodeSize _size = pipeline.Nodes
        .Where(node => node.Stage.DetectionConfidence is not null)
        .Select(node => node.Stage.DecodeSize)
        .FirstOrDefault(DecodeSize.Native);

    private FrameLook? _last;
    private FrameLook? _lastStep;

    /// <summary>Decides about the next frame, as far as its picture alone can.</summary>
    public FrameLook Next(Frame frame)
    {
        var picture = GrayPicture.Of(frame.ImageFor(_size));
        var isStep = frame.Index % rule.Step == 0;
        var isLook = _lastStep is null || frame.Index % rule.Interval == 0
            || (isStep && picture.ChangedBlocks(_lastStep.Picture, MaxStillChange).Any());
        var look = new FrameLook(picture, isLook ? null : (isStep ? _lastStep! : _last!).Found, isStill: isStep);
        (_last, _lastStep) = (look, isLook ? look : _lastStep);
        return look;
    }
}

/// <summary>The decision about one frame.</summary>
/// <param name="picture">The picture of the frame.</param>
/// <param name="before">What was found before, in frames without a usual look; null if all models look.</param>
/// <param name="isStill">Whether nothing changed since then, if no model looks.</param>
internal sealed class FrameLook(GrayPicture picture, Task<LookResult>? before, bool isStill)
{
    private readonly TaskCompletionSource<LookResult> _found =
        new(TaskCreationOptions.RunContinuationsAsynchronously);

    public GrayPicture Picture { get; } = picture;

    /// <summary>Whether nothing changed since <see cref="Before"/>, so that the same is found again.</summary>
    public bool IsStill => Before is not null && isStill;

    /// <summary>What was found before; null if all models look at this frame.</summary>
    public Task<LookResult>? Before { get; } = before;

    /// <summary>What is known after this frame; canceled if the frame fails.</summary>
    public Task<LookResult> Found => _found.Task;

    public void Complete(LookResult result) => _found.TrySetResult(result);

    /// <summary>Cancels the frames that wait. Must be called for every frame.</summary>
    public void End() => _found.TrySetCanceled();
}

/// <summary>
/// What the models found in the last frames that they looked at, and where the objects are since. Immutable.
/// </summary>
internal sealed class LookResult
{
    /// <summary>
    /// Change of a block in gray levels beside all known objects from which something new is in the picture.
    /// </summary>
    private const int MaxBackgroundChange = 16;

    /// <summary>Change of a block in the place of a text from which the text is read again.</summary>
    private const int MaxTextChange = 8;

    /// <summary>Share of the blocks whose change is a change of the scene.</summary>
    private const double SceneShare = 0.5;

    /// <summary>What moves this near to an object belongs to it, in its sizes: its limbs and its shadow.</summary>
    private const float ObjectGrowth = 0.3f;

    private readonly LookedAt _objects;
    private readonly LookedAt _texts;
    private readonly IReadOnlyList<StageOutput> _outputs;

    private LookResult(LookedAt objects, LookedAt texts, IReadOnlyList<StageOutput> outputs) =>
        (_objects, _texts, _outputs) = (objects, texts, outputs);

    /// <summary>Whether nothing changed, so that all findings are those of the last usual look.</summary>
    public bool IsStill { get; private init; }

    /// <summary>Whether the models that detect objects look at this frame.</summary>
    public bool LooksAtObjects { get; private init; } = true;

    /// <summary>Whether the models that read texts look at this frame.</summary>
    public bool LooksAtTexts { get; private init; } = true;

    /// <summary>The objects in this frame, for those who follow them.</summary>
    public IEnumerable<Candidate> ObjectsIn(Frame frame)
    {
        var (scaleX, scaleY) = Scale(_objects.Picture, frame);
        foreach (var (found, patch) in _objects.Patches)
        {
            var left = Math.Clamp((patch.Left + patch.MoveX) / scaleX, 0, frame.SourceWidth);
            var top = Math.Clamp((patch.Top + patch.MoveY) / scaleY, 0, frame.SourceHeight);
            var right = Math.Clamp((patch.Left + patch.MoveX + patch.Width) / scaleX, 0, frame.SourceWidth);
            var bottom = Math.Clamp((patch.Top + patch.MoveY + patch.Height) / scaleY, 0, frame.SourceHeight);
            if (right > left && bottom > top)
            {
                var moved = found.Clone();
                moved.Box = new BoundingBox { X = left, Y = top, Width = right - left, Height = bottom - top };
                yield return moved;
            }
        }
    }

    /// <summary>The output of a node that does not look at this frame.</summary>
    /// <param name="position">Position of the node.</param>
    /// <param name="node">The node.</param>
    /// <param name="input">Its input in this frame.</param>
    public StageOutput Carry(int position, CompiledNode node, StageInput input)
    {
        if (FindsObjects(node))
        {
            return IsStill ? _outputs[position] : StageOutput.Of(Array.Empty<Detection>());
        }

        var reused = node.Stage.Reuse(_outputs[position], input);
        return reused with
        {
            UnsupportedLines = 0,
            Texts = [.. reused.Texts.Select(finding => finding with { Region = Carried(finding.Region) })],
        };
    }

    /// <summary>Whether a node looks at this frame.</summary>
    public bool Wants(CompiledNode node) => FindsObjects(node) ? LooksAtObjects : LooksAtTexts;

    /// <summary>Finds the objects in the next frame and decides which models look at it.</summary>
    /// <param name="look">The frame.</param>
    /// <param name="filter">Which findings are wanted.</param>
    public LookResult In(FrameLook look, FrameFilter filter)
    {
        if (look.IsStill)
        {
            return new LookResult(_objects, _texts, _outputs)
            {
                IsStill = true,
                LooksAtObjects = false,
                LooksAtTexts = false,
            };
        }

        var picture = look.Picture;
        var objects = _objects.In(picture);
        var changed = picture.ChangedBlocks(_objects.Picture, MaxBackgroundChange).ToList();
        var isOtherScene = changed.Count * GrayPicture.BlockSide * GrayPicture.BlockSide
            > SceneShare * picture.Width * picture.Height;
        const float Half = GrayPicture.BlockSide / 2f;
        var isNew = isOtherScene || changed.Exists(block =>
            filter.HasPoint((block.Left + Half) / picture.Width, (block.Top + Half) / picture.Height)
            && !objects.Patches.Any(item =>
                item.Patch.IsNear(block.Left + Half, block.Top + Half, ObjectGrowth, GrayPicture.BlockSide)));
        var isChanged = isOtherScene || (_texts.Patches.Count > 0
            && picture.ChangedBlocks(_texts.Picture, MaxTextChange).Any(block => _texts.Patches.Any(item =>
                item.Patch.IsNear(block.Left + Half, block.Top + Half, 0, Half))));
        return new LookResult(objects, _texts, _outputs) { LooksAtObjects = isNew, LooksAtTexts = isChanged };
    }

    /// <summary>What is known after a frame.</summary>
    /// <param name="before">The decision about it; null if all models looked at it.</param>
    /// <param name="picture">Its picture.</param>
    /// <param name="frame">The frame.</param>
    /// <param name="nodes">The nodes of the pipeline.</param>
    /// <param name="outputs">Their outputs.</param>
    public static LookResult After(
        LookResult? before, GrayPicture picture, Frame frame, IReadOnlyList<CompiledNode> nodes,
        IReadOnlyList<StageOutput> outputs)
    {
        var (scaleX, scaleY) = Scale(picture, frame);
        return new LookResult(
            before is { LooksAtObjects: false } ? before._objects : new LookedAt(picture, [.. Objects()]),
            before is { LooksAtTexts: false } ? before._texts : new LookedAt(picture, [.. Texts()]),
            [
                .. outputs.Select((output, position) =>
                    before is null || before.Wants(nodes[position]) ? output : before._outputs[position]),
            ]);

        IEnumerable<(Candidate, MovingPatch)> Objects()
        {
            foreach (var output in outputs)
            {
                foreach (var (number, detection) in output.Detections.Index())
                {
                    yield return (
                        new Candidate
                        {
                            ClassId = detection.ClassId,
                            Label = detection.Label,
                            Confidence = detection.Confidence,
                            Appearance = number < output.Appearances.Count
                                ? output.Appearances[number]
                                : ByteString.Empty,
                        },
                        PatchOf(detection.Box));
                }

                foreach (var candidate in output.Candidates)
                {
                    yield return (candidate, PatchOf(candidate.Box));
                }
            }
        }

        IEnumerable<(Candidate, MovingPatch)> Texts()
        {
            foreach (var region in outputs.SelectMany(output => output.Texts).Select(finding => finding.Region))
            {
                var (left, top) = (region.Polygon.Min(point => point.X), region.Polygon.Min(point => point.Y));
                yield return (new Candidate(), PatchOf(new BoundingBox
                {
                    X = left,
                    Y = top,
                    Width = region.Polygon.Max(point => point.X) - left,
                    Height = region.Polygon.Max(point => point.Y) - top,
                }));
            }
        }

        MovingPatch PatchOf(BoundingBox box) =>
            new(box.X * scaleX, box.Y * scaleY, box.Width * scaleX, box.Height * scaleY);
    }

    private static TextRegion Carried(TextRegion region)
    {
        var carried = region.Clone();
        carried.Carried = true;
        return carried;
    }

    private static bool FindsObjects(CompiledNode node) => node.Stage.DetectionConfidence is not null;

    private static (float X, float Y) Scale(GrayPicture picture, Frame frame) =>
        ((float)picture.Width / frame.SourceWidth, (float)picture.Height / frame.SourceHeight);

    /// <summary>The picture that models looked at last, and where the findings are since.</summary>
    private sealed record LookedAt(GrayPicture Picture, IReadOnlyList<(Candidate Found, MovingPatch Patch)> Patches)
    {
        public LookedAt In(GrayPicture next) =>
            this with { Patches = [.. Patches.Select(item => (item.Found, item.Patch.In(Picture, next)))] };
    }
}
