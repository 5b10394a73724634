/* The types of assets/js, checked by tsc in `make lint`; never served.
 *
 * What the server sends (webapp/pages/*, webapp/components/figure.py), what the scripts offer each
 * other under window.everycase, and the little of Dash, Mantine, React and Plotly that they use. */

declare namespace Everycase {
  /* ---- small shapes ---- */

  type Numbers = ArrayLike<number>;
  type Point = [number, number];
  /** [value, low, high] */
  type Interval = [number, number, number];
  type Rgb = [number, number, number];
  type Draw = (model: Model, number: number, width: number) => string;

  /* ---- what the server sends ---- */

  /** Of webapp/vocabulary.py; those of its words that the scripts use. */
  interface Vocabulary {
    person: string;
    people: string;
    input: string;
    inputs: string;
    has: string;
    has_heading: string;
    lacks: string;
    no_inputs: string;
    positive: string;
    positives: string;
    negatives: string;
    were_positive: string;
    outcome_rate: string;
    outcome_question: string;
    answer: string;
    positive_answer: string;
    negative_answer: string;
  }

  /** Everything to predict with a version; the arrays as base64 (webapp/services/predict/view.py). */
  interface ServedTable {
    version: string;
    digest: string;
    champion: boolean;
    /** what is on at an address without parameters */
    opening: string[];
    features: string[];
    scores: string;
    n: string | null;
    positives: string | null;
    others: {
      version: string;
      champion: boolean;
      digest: string;
      /** the classes that give its colour */
      look: string;
      scores: string | null;
      /** null: only the server can show this version; "shown": those of the version shown */
      counts: TrainingCounts | "shown" | null;
    }[];
    words: Vocabulary;
  }

  interface TrainingCounts {
    n: string | null;
    positives: string | null;
  }

  /** An option of the picker of versions (webapp/components/shell.py). */
  interface VersionOption {
    value: string;
    label: string;
    disabled: boolean;
    status: string;
    champion: boolean;
    note: string;
    digest: string;
  }

  /** A Plotly figure with tokens for colours (webapp/components/figure.py). */
  interface Figure {
    data: object[];
    layout: { xaxis: { nticks?: number }; meta?: ChartMeta };
  }

  interface SmallFeature {
    name: string;
    baseline: number;
    window: number;
    verdict: string;
    /** rates and their intervals in every period */
    rates: number[];
    low: number[];
    high: number[];
    /** the verdict of every day, as a number */
    strip: number[];
  }

  /** Times in ms since 1970 (webapp/pages/drift/browser_data.py). */
  interface SmallMultiples {
    begins: number[];
    every: number;
    n: number[];
    since: number;
    until: number;
    margin: number;
    days: number[];
    features: SmallFeature[];
  }

  interface DriftData {
    version: string;
    champion: boolean;
    names: string[];
    /** the length of a window without dates */
    days: string;
    preset: string | null;
    /** the parameters that pin what is shown */
    link?: Record<string, string>;
    figures?: Record<string, Figure>;
    small?: SmallMultiples;
    table?: unknown[][];
  }

  /** Columns over all cases: events, those with an outcome, and those with a positive one. */
  interface Counts {
    events: number[];
    labelled: number[];
    positives: number[];
  }

  interface ComparedVersion {
    name: string;
    /** the classes that give an element its colour and dash */
    look: string;
    scores: number[];
    training: number[] | null;
    /** the best threshold */
    best: Interval | null;
  }

  /** Of webapp/pages/compare/browser_data.py; without events only the first four are there. */
  interface CompareData extends Counts {
    chosen: string[];
    challenger: string;
    /** the versions and the events, for pictures */
    about: string;
    /** the length of a window without dates */
    days: string;
    preset: string | null;
    names: string[];
    figures: Record<string, Figure>;
    versions: ComparedVersion[];
    /** the index of the version that is compared closely with the first */
    close: number;
    threshold: number;
    gain: number;
    cost: number;
    tables: Record<string, unknown[][]>;
    link: string;
    words: Vocabulary;
  }

  interface PromotionRequest {
    version: string;
    action: "promote" | "roll back";
  }

  interface ModelsData {
    champion: string | null;
    asked: PromotionRequest | null;
    may: boolean;
    running: boolean;
    figures: Record<string, Figure>;
  }

  /** A line of the answer to an upload (webapp/pages/compare/upload_endpoint.py). */
  interface UploadLine {
    read?: number;
    rows?: number;
    file?: string;
    error?: string | { message: string };
  }

  /** What /page/… answers; each address has its own of these. */
  interface Answer {
    error?: { message: string };
    receipt: string;
    undo?: string;
    said: string;
    running: boolean;
    work: Record<string, string>;
    summary: string;
    table: string;
  }

  /* ---- what the scripts work with ---- */

  interface ServedVersion {
    version: string;
    champion: boolean;
    look: string;
    /** null if it has other inputs */
    scores: Float64Array | null;
  }

  /** A version on the Predict page; arrays have an entry a case. */
  interface Model {
    version: string;
    champion: boolean;
    opening: string[];
    names: string[];
    words: Vocabulary;
    scores: Float64Array;
    /** training rows and the positives among them; null if the version came without */
    n: Int32Array | null;
    positives: Int32Array | null;
    total: number;
    /** the share of positives in training, NaN if unknown */
    base: number;
    others: ServedVersion[];
  }

  interface PredictState {
    data: ServedTable | null;
    model: Model | null;
    /** the case on the page */
    number: number;
    /** true until the model has been drawn once */
    fresh: boolean;
    /** true if the next address takes the place of the last */
    replace: boolean;
  }

  interface ToastAction {
    text: string;
    href?: string;
    run?: () => void;
  }

  interface Place {
    path: string;
    search: string;
  }

  /** A page as the server sent it. */
  interface ArrivedPage extends Place {
    content: Promise<string>;
    isToRedraw: boolean;
  }

  type Jump = (number: number, options?: { replace?: boolean }) => void;

  interface Axis {
    end: number;
    step: number;
  }

  interface Measure {
    diverging?: boolean;
    at: (number: number) => number;
    low: string;
    high: string;
  }

  type Palette = ReturnType<Namespace["colours"]["palette"]>;

  /** The map's measures: low features across, high ones down; lengths in CSS pixels. */
  interface Grid {
    features: number;
    low: number;
    high: number;
    lane: number;
    left: number;
    top: number;
    columns: number;
    rows: number;
    cell: number;
    width: number;
    height: number;
  }

  /** The case of a cell or the feature of a lane. */
  interface Target {
    number?: number;
    feature?: number;
  }

  interface MapView {
    model: Model;
    host: HTMLElement;
    jump: Jump;
    number: number;
    mode: string;
    unseen: boolean;
    /** when the introduction ends; 0 before the first hover */
    introduced: number;
  }

  type RecordPhase =
    | "idle"
    | "recording"
    | "recorded"
    | "unrecording"
    | "labelling"
    | "labelled"
    | "unlabelling";

  interface RecordControl {
    key: string;
    id: string;
    phase: RecordPhase;
    receipt: string | null;
    /** the receipt of the outcome */
    undo: string | null;
    outcome: string;
    problem: string;
  }

  interface Sums {
    events: number;
    labelled: number;
    positives: number;
  }

  interface ScoreSums extends Sums {
    score: number;
  }

  interface Confusion {
    truePositives: number;
    falsePositives: number;
    falseNegatives: number;
    trueNegatives: number;
  }

  /** A case that two versions decide differently: its number, its events, and the challenger's decision. */
  interface Flip {
    i: number;
    n: number;
    now: boolean;
  }

  interface FlipsTable {
    data: CompareData;
    threshold: number;
    all: Sums;
  }

  interface FlipsColumn {
    name: string;
    /** the key in the glossary */
    term: string;
    title: (words: Vocabulary) => string;
    /** what it is sorted by */
    value: (flip: Flip, data: CompareData) => number;
    /** true if the largest come first */
    down: boolean;
  }

  interface ThresholdState {
    data: CompareData;
    all: Sums;
    /** the end of the axis */
    limit: number;
    /** by version, from the highest score down */
    steps: ScoreSums[][];
  }

  interface ThresholdSettings {
    threshold: number;
    gain: number;
    cost: number;
  }

  interface ModelsState {
    data: ModelsData | null;
    /** what the page drawn anew is to say */
    message: string;
    /** selector of what gets the focus there */
    focus: string | null;
  }

  /* ---- what Dash calls ---- */

  interface PredictCallbacks {
    clear(clicks: number | null): void;
    copy(clicks: number | null, id: "copy-link" | "copy-curl" | "copy-python"): Promise<void>;
    follow(options: VersionOption[] | null): void;
    jump(target: { on: string[] }, ids: { name: string }[]): boolean[];
    mapMode(mode: string, unseen: boolean): void;
    pick(version: string | null): void;
    random(clicks: number | null): void;
    requestScores(contents: string | null, data: ServedTable | null): unknown;
    update(checked: boolean[], data: ServedTable | null, ids: { name: string }[]): number | null;
  }

  interface DriftCallbacks {
    draw(data: DriftData | null): number;
    navigate(
      baseline: string | null,
      days: string | null,
      dates: string[] | null,
      source: string | null,
      every: string | null,
      margin: string | null,
      data: DriftData | null,
    ): void;
    pick(version: string | null, data: DriftData | null): void;
  }

  interface CompareCallbacks {
    draw(data: CompareData | null): number;
    navigate(
      versions: string[] | null,
      reference: string | null,
      challenger: string | null,
      days: string | null,
      dates: string[] | null,
      source: string | null,
      on: string,
      rows: string | null,
      data: CompareData | null,
    ): void;
    offer(
      options: VersionOption[] | null,
      offered: string[] | null,
      chosen: string[] | null,
    ): unknown;
    pick(version: string | null, data: CompareData | null): void;
  }

  interface ModelsCallbacks {
    draw(data: ModelsData | null): number;
  }

  interface VersionsCallbacks {
    follow(): number;
  }

  interface DashClientside {
    set_props(id: string, props: object): void;
    no_update: unknown;
    callback_context: { triggered: { prop_id: string }[] };
    everycase: { markPage(path: string): string; toggleTheme(): string };
    everycasePredict: Omit<PredictCallbacks, "copy"> & Partial<PredictCallbacks>;
    everycaseDrift: DriftCallbacks;
    everycaseCompare: CompareCallbacks;
    everycaseModels: ModelsCallbacks;
    everycaseVersions: VersionsCallbacks;
  }

  /* ---- Plotly ---- */

  interface PlotlyClick {
    points?: { customdata?: unknown }[];
  }

  type OnPlotlyClick = (event: PlotlyClick) => void;

  interface PlotlyAxis {
    /** pixels from the left or the top to the drawing's part with data */
    _offset: number;
    /** a place on the axis in pixels */
    l2p(place: number): number;
  }

  interface PlotlyTrace {
    type: string;
    customdata?: number[][];
    hovertext?: string[][];
  }

  interface PlotlyHost extends HTMLElement {
    data?: PlotlyTrace[];
    _fullLayout?: { width: number; xaxis: PlotlyAxis; yaxis: PlotlyAxis };
    emit(name: "plotly_click", event: PlotlyClick): void;
    on(name: "plotly_click", callback: OnPlotlyClick): void;
  }

  /** What a chart is of and its axes, for its picture */
  interface ChartMeta {
    about?: string;
    x?: string;
    y?: string;
  }

  interface LegendLine {
    text: string;
    colour: string;
    dash: number[];
  }

  interface Plotly {
    Icons: { camera: object };
    toImage(host: HTMLElement, options: object): Promise<string>;
    react(host: HTMLElement, data: object[], layout: object, config: object): Promise<unknown>;
    purge(host: HTMLElement): void;
    relayout(host: HTMLElement, changes: { width: number }): Promise<unknown>;
    Fx: {
      hover(host: HTMLElement, at: { xval: number; yval: number }, subplot: string): void;
      unhover(host: HTMLElement): void;
    };
  }

  /* ---- window.everycase, in the order of the files ---- */

  /** a case worth a look, and what it teaches */
  interface Example {
    kind: "right" | "wrong" | "unseen" | "";
    label: string;
    number: number;
  }

  interface Term {
    title: string;
    text: string;
    docs?: string;
  }

  interface Namespace {
    page: {
      byId(id: string): HTMLElement | null;
      closest(event: Event, selector: string): HTMLElement | null;
      fill(id: string, html: string): void;
      isOpen(name: string): boolean;
      markBusy(element: Element | null, isBusy?: boolean): void;
      markChampion(isChampion: boolean): void;
      onSchemeChange(redraw: () => void): void;
      ready(): void;
      setProps(id: string, props: object): void;
      settle(): void;
    };
    print: {
      isOn(): boolean;
      on(callback: (isPrinting: boolean) => void): void;
    };
    cases: {
      bitCount(number: number): number;
      bits(names: string[], number: number): number[];
      caseOf(names: string[], on: Set<string>): number;
      doubles(text: string): Float64Array;
      flips(scores: Numbers, number: number): Float64Array;
      gray(j: number): number;
      integers(text: string): Int32Array;
      owned(names: string[], number: number): string[];
      shapley(
        scores: Numbers,
        weights: Numbers,
        number: number,
      ): { average: number; values: Float64Array };
      sumOf(values: Numbers): number;
      ungray(code: number): number;
    };
    rates: {
      side(positives: number, n: number, threshold: number): number;
      wilson(positives: number, n: number): Interval;
    };
    decisions: {
      confusion(selection: Sums, all: Sums): Confusion;
      cumulate(scores: number[], counts: Counts): ScoreSums[];
      flips(reference: number[], challenger: number[], events: number[], threshold: number): Flip[];
      picked(steps: ScoreSums[], threshold: number): Sums;
      totals(counts: Counts): Sums;
      value(selection: Sums, all: Sums, gain: number, cost: number): number;
      valueLine(steps: ScoreSums[], all: Sums, gain: number, cost: number): Point[];
    };
    server: {
      ask(path: string, wait: number, body?: object): Promise<Answer>;
      UNREACHABLE: string;
    };
    toast: {
      hide(key: string): boolean;
      show(
        key: string,
        text: string,
        options?: { action?: ToastAction; lasts?: boolean; time?: number },
      ): void;
    };
    requests: {
      onArrival(callback: (path: string) => void): void;
      onRefusal(part: string, mend: (reason: string) => string): void;
      reasonOf(response: Response): Promise<string>;
    };
    format: {
      NBSP: string;
      capital(text: string): string;
      count(value: number, one: string, many: string): string;
      day(ms: number): string;
      money(amount: number): string;
      number(share: number, digits?: number): string;
      percent(share: number, digits?: number): string;
      points(change: number): string;
      safe(text: unknown): string;
      shortPercent(share: number): string;
      spell(value: number): string;
      whole(value: number): string;
    };
    svg: {
      axis(highest: number): Axis;
      gridlines(scale: Axis, x: (share: number) => number, top: number, bottom: number): string;
      line(x1: number, y1: number, x2: number, y2: number, className: string): string;
      picture(width: number, height: number, label: string, content: string): string;
      rect(
        x: number,
        y: number,
        width: number,
        height: number,
        className: string,
        radius?: number,
      ): string;
      text(x: number, y: number, content: string, className?: string, anchor?: string): string;
    };
    terms: {
      html(key: string, words: string): string;
      mark(key: string, words: string): string;
    };
    answer: {
      flipBars(changes: number[]): string[];
      observedRate(model: Model, number: number): Interval | null;
      relative(model: Model, number: number): string;
      scale(model: Model, number: number): string;
      support(model: Model, number: number): string;
    };
    waterfall: { draw: Draw };
    versions: { draw: Draw };
    colours: {
      measure(model: Model, mode: string): Measure;
      mix(a: Rgb, b: Rgb, t: number): string;
      palette(host: Element): {
        ramp: Rgb[];
        higher: Rgb;
        lower: Rgb;
        even: Rgb;
        ink: string;
        soft: string;
        card: string;
        line: string;
        accent: string;
        font: string;
      };
      ramp(stops: Rgb[], t: number): string;
    };
    grid: {
      caseAt(g: Grid, column: number, row: number): number;
      cellOf(g: Grid, number: number): Point;
      layout(features: number, width: number, ratio: number): Grid;
      runs(places: number, bit: number): Point[];
      target(g: Grid, x: number, y: number): Target | null;
      wideLane: number;
    };
    map: {
      drawCells(): void;
      drawMarks(): void;
      load(host: HTMLElement, model: Model, jump: Jump): void;
      measure(): Measure;
      mode(name: string, unseen: boolean): void;
      select(number: number): void;
    };
    side: {
      blocked(model: Model): { training: string; champion: string };
      cell(model: Model, number: number): string;
      examples(model: Model): Example[];
      story(model: Model, number: number): string;
      highest(model: Model, number: number): string;
      legend(model: Model, number: number, scale: Measure): string;
    };
    around: {
      connect(page: { state: PredictState; jumpTo: Jump }): void;
      examples(): void;
      mapMode(mode: string, unseen: boolean): void;
      mapSide(): void;
      modeControls(): void;
    };
    tables: {
      held(data: ServedTable, version: string): ServedTable | null;
      isCurrent(data: ServedTable, options: VersionOption[]): boolean;
      modelOf(data: ServedTable): Model;
    };
    watch?: { look(): void };
    predict: {
      jumpTo: Jump;
      change(version: string, on: string[]): void;
      state: PredictState;
    };
    predictAddress: { forget(): void; write(): void };
    copyText(text: string, button: HTMLElement): Promise<void>;
    record: { reset(): void };
    visit(address: string, replace?: boolean): void;
    address: {
      caseAddress(names: string[], number: number, version: string): string;
      go(query: URLSearchParams, replace?: boolean): void;
      openCase(event: PlotlyClick, names: string[], version: string): void;
      put(
        query: URLSearchParams,
        name: string,
        value: string | number | null | undefined,
        standard?: string,
      ): void;
      putDates(query: URLSearchParams, dates: string[]): void;
      putDays(query: URLSearchParams, days: string, standard: string): void;
      text(query: URLSearchParams): string;
      triggered(): string[];
    };
    folds: {
      keep(query: URLSearchParams): void;
      onOpen(callback: () => void): void;
      open(key: string): void;
    };
    contents: { refresh(): void };
    filterLine: { refresh(): void };
    verdict: { say(): void };
    plotly: { demand(): Plotly | undefined; load(): Promise<Plotly> };
    figures: {
      drawAll(figures: Record<string, Figure>, onClick?: OnPlotlyClick): Promise<void>;
      drawOpened(): void;
    };
    save: {
      csv(rows: unknown[][]): string;
      drawing(svg: SVGElement, meta: ChartMeta, name: string): Promise<void>;
      file(content: Blob, name: string): void;
      framed(address: string, host: Element, meta: ChartMeta, name: string): Promise<void>;
      table(rows: unknown[][], name: string): void;
    };
    smallMultiples: {
      draw(small: SmallMultiples | undefined): void;
      hover(event: MouseEvent, small: SmallMultiples | undefined): void;
    };
    flips: {
      draw(data: CompareData, threshold: number, all: Sums): void;
      put(host: HTMLElement, html: string): void;
      rows(): unknown[][];
    };
    threshold: {
      draw(): void;
      input(control: HTMLInputElement): void;
      load(data: CompareData | null): void;
      resize(): void;
      settings(): ThresholdSettings;
    };
    upload: { hide(): void; reset(versions: string[]): void; show(): void };
    models: {
      again(message: string, target?: string | null): void;
      announce(text: string): void;
      ask(path: string, body?: object): Promise<Answer>;
      focus(selector: string | null): void;
      note(changes: Record<string, string | null | undefined>): void;
      onPage(): boolean;
      selectorOf(): string | null;
      state: ModelsState;
    };
    promotion: { isOpen(): boolean; reset(request: PromotionRequest | null): void };
    jobs: { watch(isRunning: boolean): void };
  }

  type VersionOptionFunction = (arg: { option: VersionOption; checked: boolean }) => unknown;
}

interface Window {
  everycase: Everycase.Namespace;
  dash_clientside: Everycase.DashClientside;
  dashMantineFunctions: { versionOption?: Everycase.VersionOptionFunction };
  Plotly?: Everycase.Plotly;
  React: { createElement(kind: string, props: object | null, ...children: unknown[]): unknown };
}
