using ForegSyte.Inference.Models;
using ForegSyte.Inference.Pipelines;
using ForegSyte.Testing;
using ForegSyte.V1;

namespace ForegSyte.Inference.Tests.Pipelines;

public sealed class PipelineValidatorTests
{
    private static readonly ModelCatalogue Models =
        ModelCatalogueReader.Read(Path.Combine(RepositoryFiles.Data, "models", "models.json"));

    [Fact]
    public void Check_AValidPipeline_FindsNothing() => Assert.Empty(PipelineValidator.Check(Valid(), Models));

    [Fact]
    public void Check_ParametersInRange_FindsNothing()
    {
        var pipeline = Valid();
        pipeline.Nodes[0].Parameters["confidence"] = new() { DoubleValue = 0.01 };
        pipeline.Nodes[0].Parameters["iou"] = new() { Int64Value = 1 };
        pipeline.Nodes[1].Parameters["text_pixel"] = new() { DoubleValue = 0.99 };
        pipeline.Nodes[1].Models["text_direction"] = "ppocr_v2_direction";
        pipeline.Nodes[1].Parameters["text_rotation"] = new() { DoubleValue = 0.5 };

        Assert.Empty(PipelineValidator.Check(pipeline, Models));
    }

    public static TheoryData<string, Action<Pipeline>, string> Broken => new()
    {
        { "pipeline id", p => p.Id = "Yolo", "The id 'Yolo' of the pipeline must be a lower-case letter" },
        { "node id", p => p.Nodes[0].Id = "de-tect", "The id 'de-tect' of a node must be" },
        { "long id", p => p.Id = new string('a', 64), "of the pipeline must be" },
        { "line feed", p => p.Id = "yolo\n", "of the pipeline must be" },
        { "no nodes", p => p.Nodes.Clear(), "The pipeline has 0 nodes; it must have 1 to 32." },
        { "33 nodes", p => p.Nodes.Add(Enumerable.Range(0, 31).Select(_ => p.Nodes[0].Clone())),
            "The pipeline has 33 nodes; it must have 1 to 32" },
        { "node twice", p => p.Nodes.Add(p.Nodes[0].Clone()), "The node id 'detect' is used more than once." },
        { "stage", p => p.Nodes[0].Stage = "detect",
            "unknown stage 'detect'; the stages are detect_objects, read_text." },
        { "role missing", p => p.Nodes[1].Models.Remove("text_recognizer"),
            "Node 'read' needs a model for the role 'text_recognizer'" },
        { "role unknown", p => p.Nodes[0].Models.Add("tracker", "nanodet_g_416"),
            "the unknown role 'tracker'; the stage detect_objects has detector." },
        { "model unknown", p => p.Nodes[0].Models["detector"] = "yolo",
            "names the model 'yolo', which is not in the model catalogue; the catalogue has centernet" },
        { "model's family", p => p.Nodes[0].Models["detector"] = "ppocr_v4_detection",
            "the family ppocr_detection the role 'detector', which accepts the families centernet, nanodet, rtdetr," },
        { "parameter unknown", p => p.Nodes[0].Parameters["text_box"] = new() { DoubleValue = 0.5 },
            "the unknown parameter 'text_box'; the stage detect_objects with its models has confidence, iou, "
            + "iou_across_classes." },
        { "parameter of a model that the node does not have",
            p => p.Nodes[1].Parameters["text_rotation"] = new() { DoubleValue = 0.9 },
            "the unknown parameter 'text_rotation'; the stage read_text with its models has text_pixel, text_box, "
            + "text_unclip, text_join, confidence." },
        { "parameter too large", p => p.Nodes[1].Parameters["text_unclip"] = new() { Int64Value = 9 },
            "sets the parameter text_unclip to 9; it must be 0 to 5." },
        { "parameter too small", p => p.Nodes[0].Parameters["confidence"] = new() { DoubleValue = 0.009 },
            "sets the parameter confidence to 0.009; it must be 0.01 to 1." },
        { "parameter just above", p => p.Nodes[0].Parameters["confidence"] = new() { DoubleValue = 1.000000001 },
            "sets the parameter confidence to 1.000000001; it must be 0.01 to 1." },
        { "parameter NaN", p => p.Nodes[0].Parameters["iou"] = new() { DoubleValue = double.NaN },
            "sets the parameter iou to NaN; it must be 0 to 1." },
        { "parameter text", p => p.Nodes[0].Parameters["iou"] = new() { StringValue = "0.5" },
            "sets the parameter iou to a string_value; it must be a number of 0 to 1, a double_value or an "
            + "int64_value." },
        { "parameter bool", p => p.Nodes[0].Parameters["iou"] = new() { BoolValue = true },
            "sets the parameter iou to a bool_value; it must be a number" },
        { "parameter without value", p => p.Nodes[0].Parameters["iou"] = new(),
            "sets the parameter iou without a value; it must be a number" },
        { "edge twice", p => p.Edges.Add(p.Edges[0].Clone()),
            "The edge from 'detect' to 'read' is listed more than once." },
        { "edge to an unknown node", p => p.Edges[0].ToNode = "track",
            "The edge from 'detect' to 'track' names the unknown node 'track'." },
        { "edge without use", p => (p.Edges[0].FromNode, p.Edges[0].ToNode) = ("read", "detect"),
            "detect_objects does not use the output of read_text." },
        { "cycle", p => p.Edges.Add(new PipelineEdge { FromNode = "read", ToNode = "detect" }),
            "The edges form a cycle: detect -> read -> detect." },
        { "edge to itself", p => p.Edges.Add(new PipelineEdge { FromNode = "read", ToNode = "read" }),
            "The edges form a cycle: read -> read." },
        { "entry missing", p => p.EntryNodes.Clear(),
            "entry_nodes must name exactly the nodes without an incoming edge: detect." },
        { "entry too many", p => p.EntryNodes.Add("read"), "entry_nodes must name exactly" },
        { "entry unknown", p => p.EntryNodes.Add("track"), "entry_nodes names the unknown node 'track'." },
        { "entry twice", p => p.EntryNodes.Add("detect"), "entry_nodes names 'detect' more than once." },
        { "no output", p => p.OutputNodes.Clear(), "output_nodes is empty" },
        { "output unknown", p => p.OutputNodes.Add("track"), "output_nodes names the unknown node 'track'." },
        { "lost work", p => p.OutputNodes.Remove("read"), "Node 'read' leads to no output node" },
    };

    [Theory]
    [MemberData(nameof(Broken))]
    public void Check_ABrokenRule_IsNamed(string rule, Action<Pipeline> breakIt, string expected)
    {
        var pipeline = Valid();
        breakIt(pipeline);

        var problems = PipelineValidator.Check(pipeline, Models);

        Assert.True(problems.Exists(p => p.Contains(expected, StringComparison.Ordinal)),
            $"{rule}: {string.Join(" ", problems)}");
    }

    [Fact]
    public void Check_SeveralBrokenRules_NamesThemAll()
    {
        var pipeline = Valid();
        pipeline.Id = "";
        pipeline.Nodes[0].Stage = "x";
        pipeline.OutputNodes.Clear();

        Assert.Equal(3, PipelineValidator.Check(pipeline, Models).Count);
    }

    internal static Pipeline Valid() => new()
    {
        Id = "valid",
        Nodes =
        {
            new PipelineNode { Id = "detect", Stage = "detect_objects", Models = { ["detector"] = "nanodet_g_416" } },
            new PipelineNode
            {
                Id = "read",
                Stage = "read_text",
                Models = { ["text_detector"] = "ppocr_v4_detection", ["text_recognizer"] = "ppocr_v4_recognition" },
            },
        },
        Edges = { new PipelineEdge { FromNode = "detect", ToNode = "read" } },
        EntryNodes = { "detect" },
        OutputNodes = { "detect", "read" },
    };
}
