namespace ForegSyte.Accuracy.Text;

/// <summary>A line of text that was read.</summary>
/// <param name="Frame">Index of the frame.</param>
/// <param name="Text">Its characters.</param>
/// <param name="Left">Its left edge in pixels.</param>
/// <param name="CentreY">Its centre in pixels from the top.</param>
/// <param name="Confidence">0 to 1.</param>
internal sealed record FoundLine(int Frame, string Text, double Left, double CentreY, double Confidence);
