using System.Text;
using ForegSyte.Benchmarks.Frames;

namespace ForegSyte.Inference.Tests.Recording;

/// <summary>The benchmarks' parser of ONNX Runtime profiles.</summary>
public sealed class OrtProfileTests
{
    [Fact]
    public void Read_RunsOnTwoThreads_TakesTheShapeOfEachFirstOperator()
    {
        var runs = Read(
            """{"name":"session_initialization","tid":1,"dur":9,"args":{}}""",
            Operator(1, "1,3,416,416"),
            Operator(2, "4,3,48,320"),
            Operator(1, "1,32,208,208"),
            Run(2, 1500),
            Run(1, 20_000),
            Operator(2, "6,3,48,352"),
            Run(2, 2500));

        Assert.Equal(
            [
                new ModelRun(new ModelInput("m", "4x3x48x320"), 0.0015),
                new ModelRun(new ModelInput("m", "1x3x416x416"), 0.02),
                new ModelRun(new ModelInput("m", "6x3x48x352"), 0.0025),
            ],
            runs);
    }

    [Fact]
    public void Read_OperatorWithoutInputs_IsIgnored()
    {
        var run = Assert.Single(Read(
            """{"name":"constant","tid":1,"dur":1,"args":{"input_type_shape":[]}}""",
            Operator(1, "1,3,32,32"),
            Run(1, 7)));

        Assert.Equal("1x3x32x32", run.Input.Shape);
        Assert.Equal([1, 3, 32, 32], run.Input.Sizes());
    }

    [Fact]
    public void Read_RunWithoutAShape_Throws() =>
        Assert.Throws<InvalidOperationException>(() => Read(Operator(1, "1,3,32,32"), Run(1, 7), Run(1, 7)));

    private static List<ModelRun> Read(params string[] events) =>
        OrtProfile.Read(new MemoryStream(Encoding.UTF8.GetBytes($"[{string.Join(',', events)}]")), "m");

    private static string Operator(int tid, string sizes) => FormattableString.Invariant(
        $$"""{"name":"o","tid":{{tid}},"dur":5,"args":{"input_type_shape":[{"float":[{{sizes}}]},{"float":[8]}] } }""");

    private static string Run(int thread, int microseconds) => FormattableString.Invariant(
        $$"""{"name":"model_run","tid":{{thread}},"dur":{{microseconds}},"args":{} }""");
}
