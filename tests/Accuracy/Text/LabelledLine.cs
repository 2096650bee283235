namespace ForegSyte.Accuracy.Text;

/// <summary>A line of text that is in a picture.</summary>
/// <param name="Frame">Index of the frame.</param>
/// <param name="Text">Its characters.</param>
/// <param name="Top">Upper edge of the band of the picture that holds nothing else, in pixels.</param>
/// <param name="Bottom">Lower edge of the band.</param>
internal sealed record LabelledLine(int Frame, string Text, double Top, double Bottom);
