namespace ForegSyte.Jobs.Tracking;

/// <summary>
/// Position and velocity of one coordinate of a box: a Kalman filter with constant velocity and white acceleration
/// noise (Bar-Shalom, Li and Kirubarajan 2001, "Estimation with Applications to Tracking and Navigation", chapter
/// 6.2.2).
/// </summary>
internal struct KalmanCoordinate(double position, double positionVariance, double velocityVariance)
{
    private double _velocity;
    private double _positionVariance = positionVariance;
    private double _covariance;
    private double _velocityVariance = velocityVariance;

    /// <summary>The estimate in pixels.</summary>
    public double Position { get; private set; } = position;

    /// <summary>Moves the coordinate on.</summary>
    /// <param name="seconds">Time step, greater than 0.</param>
    /// <param name="acceleration">Spectral density of the acceleration, in pixels² per second³.</param>
    public void Predict(double seconds, double acceleration)
    {
        Position += _velocity * seconds;
        _positionVariance += (2 * _covariance * seconds) + (_velocityVariance * seconds * seconds)
            + (acceleration * seconds * seconds * seconds / 3);
        _covariance += (_velocityVariance * seconds) + (acceleration * seconds * seconds / 2);
        _velocityVariance += acceleration * seconds;
    }

    /// <summary>Corrects the coordinate by a measured position with a variance in pixels².</summary>
    public void Correct(double measured, double variance)
    {
        var residual = measured - Position;
        var total = _positionVariance + variance;
        var (gain, velocityGain) = (_positionVariance / total, _covariance / total);
        Position += gain * residual;
        _velocity += velocityGain * residual;
        _velocityVariance -= velocityGain * _covariance;
        _covariance *= 1 - gain;
        _positionVariance *= 1 - gain;
    }

    /// <summary>Puts the coordinate at a position without a change of its velocity.</summary>
    public void MoveTo(double position) => Position = position;

    /// <summary>Multiplies the velocity by a factor of 0 to 1.</summary>
    public void Slow(double factor) => _velocity *= factor;
}

/// <summary>
/// The motion of a box: center, width and height in a filter each. ByteTrack's filter of eight dimensions splits into
/// these four, because neither its motion nor its noise connects them. All noise is relative to the height of the
/// box, so that near and far objects are treated alike.
/// </summary>
internal sealed class BoxMotion
{
    /// <summary>A size changes more slowly than a position, by this factor.</summary>
    private const double SizeFactor = 0.1;

    private readonly TrackerOptions _options;
    private KalmanCoordinate _x, _y, _width, _height;
    private double _time;

    public BoxMotion(TrackerOptions options, TrackBox box, double time)
    {
        (_options, _time) = (options, time);
        var noise = Variance(options.PositionNoise, box);
        var speed = Variance(options.InitialSpeed, box);
        var sizeSpeed = Variance(options.InitialSpeed * SizeFactor, box);
        _x = new KalmanCoordinate(box.CenterX, noise, speed);
        _y = new KalmanCoordinate(box.CenterY, noise, speed);
        _width = new KalmanCoordinate(box.Width, noise, sizeSpeed);
        _height = new KalmanCoordinate(box.Height, noise, sizeSpeed);
    }

    /// <summary>The box at the time of the last prediction or correction; at least a pixel wide and high.</summary>
    public TrackBox Box
    {
        get
        {
            var (width, height) = (Math.Max(_width.Position, 1), Math.Max(_height.Position, 1));
            return new TrackBox(_x.Position - (width / 2), _y.Position - (height / 2), width, height);
        }
    }

    /// <summary>Moves the box to a time in seconds; a time that is not later changes nothing.</summary>
    /// <param name="time">Time of the frame in seconds.</param>
    /// <param name="isHidden">Whether the object was not seen in the frame before, so that its motion slows
    /// down.</param>
    public void Predict(double time, bool isHidden)
    {
        var seconds = time - _time;
        if (seconds <= 0)
        {
            return;
        }

        if (isHidden)
        {
            var factor = Math.Exp(-seconds * _options.HiddenSlowing);
            _x.Slow(factor);
            _y.Slow(factor);
            _width.Slow(factor);
            _height.Slow(factor);
        }

        var acceleration = Variance(_options.Acceleration, Box);
        _x.Predict(seconds, acceleration);
        _y.Predict(seconds, acceleration);
        _width.Predict(seconds, acceleration * SizeFactor * SizeFactor);
        _height.Predict(seconds, acceleration * SizeFactor * SizeFactor);
        _time = time;
    }

    /// <summary>Corrects the motion by a detected box.</summary>
    public void Correct(TrackBox box)
    {
        var noise = Variance(_options.PositionNoise, box);
        _x.Correct(box.CenterX, noise);
        _y.Correct(box.CenterY, noise);
        _width.Correct(box.Width, noise);
        _height.Correct(box.Height, noise);
    }

    private static double Variance(double share, TrackBox box) => Math.Pow(share * box.Height, 2);
}
