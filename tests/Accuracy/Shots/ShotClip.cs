using CliWrap;

namespace ForegSyte.Accuracy.Shots;

/// <summary>A clip with known cuts at 10 frames a second, made of the sample and of generated pictures.</summary>
/// <param name="Name">Name for reports.</param>
/// <param name="Inputs">ffmpeg's inputs; SAMPLE stands for the sample.</param>
/// <param name="Graph">ffmpeg's filter graph; SCALE stands for the scaling to one size and rate.</param>
/// <param name="Cuts">The first frames of the shots after the first one.</param>
internal sealed record ShotClip(string Name, IReadOnlyList<string> Inputs, string Graph, IReadOnlyList<int> Cuts)
{
    private const string Scale = "scale=384:288,setsar=1,fps=10,format=yuv420p";

    private static readonly string[] Sample = ["-i", "SAMPLE"];

    /// <summary>Clips with cuts, and clips without one that look as if they had some.</summary>
    public static readonly IReadOnlyList<ShotClip> All =
    [
        new("sample and generated pictures", [.. Sample, .. Picture("testsrc2"), .. Picture("mandelbrot")],
            $"[0]split=2[p][q];{Part("p", 0, 3, "null", "a")};{Part("q", 5, 8, "null", "c")};"
            + "[1]trim=0:3,SCALE[b];[2]trim=0:3,SCALE[d];[a][b][c][d]concat=n=4",
            [30, 60, 90]),
        new("four cameras on one place", Sample,
            $"split=4[p][q][r][s];{Part("p", 0, 2, "crop=384:288:0:288", "a")};"
            + $"{Part("q", 2, 4, "crop=384:288:384:100", "b")};{Part("r", 4, 6, "null", "c")};"
            + $"{Part("s", 6, 8, "crop=256:192:200:300", "d")};[a][b][c][d]concat=n=4",
            [20, 40, 60]),
        new("shots of one second", Sample,
            $"split=4[p][q][r][s];{Part("p", 0, 1, "null", "a")};{Part("q", 1, 2, "hflip", "b")};"
            + $"{Part("r", 2, 3, "vflip", "c")};{Part("s", 3, 4, "negate", "d")};[a][b][c][d]concat=n=4",
            [10, 20, 30]),
        new("generated pictures",
            [.. Picture("gradients", ":seed=3"),
                .. Picture("life", ":seed=1:mold=10:life_color=#C83232:death_color=#C8C832"),
                .. Picture("smptehdbars"), .. Picture("rgbtestsrc")],
            "[0]trim=0:2,SCALE[a];[1]trim=0:2,SCALE[b];[2]trim=0:2,SCALE[c];[3]trim=0:2,SCALE[d];"
            + "[a][b][c][d]concat=n=4",
            [20, 40, 60]),
        new("zoom into the same place, noise", Sample,
            $"split=3[p][q][r];{Part("p", 0, 2.3, "null", "a")};"
            + $"{Part("q", 2.3, 4, "crop=300:225:420:300,noise=alls=20:allf=t:all_seed=7", "b")};"
            + $"{Part("r", 4, 7, "hue=h=140:s=1.5,crop=384:288:100:20", "c")};[a][b][c]concat=n=3",
            [23, 40]),
        new("the sample", Sample, "SCALE", []),
        new("white flashes of 1 and 2 frames", Sample,
            "SCALE,lutyuv=y=255:u=128:v=128:enable='between(n,30,31)+eq(n,60)'", []),
        new("bright flashes", Sample, "SCALE,eq=brightness=0.5:enable='between(n,30,31)+eq(n,60)'", []),
        new("light switched off", Sample, "SCALE,eq=brightness=-0.25:enable='gte(t,5)'", []),
        new("pan", Sample, "crop=384:288:x='192+192*sin(2*PI*t/4)':y=200,SCALE", []),
        new("fast pan", Sample, "crop=384:288:x='192+192*sin(2*PI*t/2)':y=200,SCALE", []),
        new("shaking camera", Sample,
            "crop=576:432:x='96+60*(random(1)-0.5)':y='72+60*(random(2)-0.5)',SCALE", []),
        new("zoom", Sample,
            "SCALE,zoompan=z='1+0.5*abs(sin(on/15))':d=1:x='iw/2-(iw/zoom/2)':y='ih/2-(ih/zoom/2)':s=384x288:fps=10",
            []),
        new("person close by", [.. Sample, "-f", "lavfi", "-t", "10", "-i", "color=0x302018:size=260x288:rate=10"],
            "[0]SCALE[a];[1]format=yuv420p[o];[a][o]overlay=x='-260+mod(t*650,1950)':y=30", []),
        new("slow, colorful object close by",
            [.. Sample, "-f", "lavfi", "-t", "10", "-i", "testsrc=size=230x288:rate=10"],
            "[0]SCALE[a];[1]hue=s=0.4,format=yuv420p[o];[a][o]overlay=x='-230+mod(t*320,1300)':y=20", []),
        new("noise", Sample, "SCALE,noise=alls=60:allf=t:all_seed=7", []),
    ];

    /// <summary>Makes the clip.</summary>
    public Task MakeAsync(string sample, string path, CancellationToken cancellationToken) => Cli.Wrap("ffmpeg")
        .WithArguments(
            ["-v", "error", "-nostdin", "-y",
                .. Inputs.Select(input => input.Replace("SAMPLE", sample, StringComparison.Ordinal)),
                "-filter_complex", Graph.Replace("SCALE", Scale, StringComparison.Ordinal),
                "-t", "12", "-c:v", "libx264", "-preset", "veryfast", "-crf", "20", "-pix_fmt", "yuv420p", "-r", "10",
                path])
        .ExecuteAsync(cancellationToken);

    private static string[] Picture(string source, string options = "") =>
        ["-f", "lavfi", "-t", "3", "-i", $"{source}=size=384x288:rate=10{options}"];

    private static string Part(string from, double start, double end, string filter, string to) =>
        FormattableString.Invariant(
            $"[{from}]trim={start}:{end},setpts=PTS-STARTPTS,{filter},SCALE[{to}]");
}
