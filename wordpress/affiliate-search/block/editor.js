// The block "Stock pictures" in the editor: a preview with the site's pictures, and its fields.
// WordPress prints the names of the block's attributes before this script.

( function ( names, { apiFetch, blockEditor, blocks, components, data, element, i18n } ) {
	const { __ } = i18n;
	const el = element.createElement;
	const { PanelBody, SelectControl, TextControl, ToggleControl } = components;

	/** Returns "1 week" and the like in the language of the page. */
	function formatOne( unit ) {
		const language = document.documentElement.lang.split( '-' )[ 0 ] || 'en';
		return new Intl.NumberFormat( language, { style: 'unit', unit, unitDisplay: 'long' } ).format( 1 );
	}

	const KINDS = [
		[ '', __( 'As in the settings', 'affiliate-search' ) ],
		[ 'strip', __( 'Strip of pictures', 'affiliate-search' ) ],
		[ 'grid', __( 'Grid of pictures', 'affiliate-search' ) ],
		[ 'search', __( 'Search box with pictures', 'affiliate-search' ) ],
		[ 'image', __( 'Single picture', 'affiliate-search' ) ],
	];
	const ROWS = [
		[ '', __( 'As in the settings', 'affiliate-search' ) ],
		...[ '1', '2', '3', '4', '5', '6' ].map( ( rows ) => [ rows, rows ] ),
	];
	const TYPES = [
		[ '', __( 'All', 'affiliate-search' ) ],
		[ 'photo', __( 'Photos', 'affiliate-search' ) ],
		[ 'illustration', __( 'Illustrations', 'affiliate-search' ) ],
		[ 'vector', __( 'Vectors', 'affiliate-search' ) ],
	];
	const ORIENTATIONS = [
		[ '', __( 'All', 'affiliate-search' ) ],
		[ 'horizontal', __( 'Horizontal', 'affiliate-search' ) ],
		[ 'vertical', __( 'Vertical', 'affiliate-search' ) ],
		[ 'square', __( 'Square', 'affiliate-search' ) ],
		[ 'panorama', __( 'Panorama', 'affiliate-search' ) ],
	];
	const ADDED = [
		[ '', __( 'All', 'affiliate-search' ) ],
		...[ 'week', 'month', 'year' ].map( ( unit ) => [ unit, `≤ ${ formatOne( unit ) }` ] ),
	];
	const MIN_WIDTHS = [
		[ '', __( 'All', 'affiliate-search' ) ],
		...[ '1000', '2000', '4000', '6000' ].map( ( width ) => [ width, `≥ ${ width } px` ] ),
	];
	const THEMES = [
		[ '', __( 'As in the settings', 'affiliate-search' ) ],
		[ 'auto', __( 'As the reader’s device', 'affiliate-search' ) ],
		[ 'light', __( 'Light', 'affiliate-search' ) ],
		[ 'dark', __( 'Dark', 'affiliate-search' ) ],
	];

	/** Shows what the server makes of the attributes. WordPress' own component loses changes while it is drawn anew. */
	function Preview( { attributes } ) {
		const asked = JSON.stringify( { attributes } );
		const [ shown, setShown ] = element.useState( null );
		element.useEffect( () => {
			let isCurrent = true;
			const show = ( node ) => isCurrent && setShown( node );
			const timer = setTimeout( () => apiFetch( {
				path: '/wp/v2/block-renderer/affiliate-search/pictures?context=edit',
				method: 'POST',
				data: JSON.parse( asked ),
			} ).then(
				( { rendered } ) => show( el( element.RawHTML, null, rendered ) ),
				( { message } ) => show( el( 'p', null, message ) ),
			), shown ? 500 : 0 );
			return () => {
				isCurrent = false;
				clearTimeout( timer );
			};
		}, [ asked ] );
		return shown || el( components.Placeholder, null, el( components.Spinner ) );
	}

	function Edit( { attributes, setAttributes } ) {
		// Outside of posts, as in widgets, there is no title.
		const title = data.useSelect( ( select ) => {
			const post = select( 'core/editor' );
			return post && post.getEditedPostAttribute( 'title' ) || '';
		}, [] );
		const field = ( name, label, more ) => ( {
			label,
			value: attributes[ name ],
			onChange: ( value ) => setAttributes( { [ name ]: value } ),
			...more,
		} );
		const text = ( name, label, help ) => el( TextControl, field( name, label, { help } ) );
		const choice = ( name, label, choices ) => el( SelectControl, field( name, label, {
			options: choices.map( ( [ value, shown ] ) => ( { value, label: shown } ) ),
		} ) );
		return el( 'div', blockEditor.useBlockProps(),
			el( blockEditor.InspectorControls, null,
				el( PanelBody, { title: __( 'Search', 'affiliate-search' ) },
					text( 'q', __( 'Words', 'affiliate-search' ), __( 'Empty: words of the post’s title; in a search box none.', 'affiliate-search' ) ),
					text( 'ids', __( 'Pictures', 'affiliate-search' ), __( 'Picked by hand, such as shutterstock:123, in place of a search.', 'affiliate-search' ) ),
					text( 'fallback', __( 'When nothing is found', 'affiliate-search' ), __( 'Other words to search for.', 'affiliate-search' ) ),
					choice( 'type', __( 'Type', 'affiliate-search' ), TYPES ),
					choice( 'orientation', __( 'Orientation', 'affiliate-search' ), ORIENTATIONS ),
					choice( 'min_width', __( 'Width', 'affiliate-search' ), MIN_WIDTHS ),
					choice( 'added', __( 'Date added', 'affiliate-search' ), ADDED ),
					el( ToggleControl, field( 'no_ai', __( 'Without AI', 'affiliate-search' ), {
						checked: attributes.no_ai === '1',
						onChange: ( isOn ) => setAttributes( { no_ai: isOn ? '1' : '' } ),
					} ) ),
					text( 'color', __( 'Color', 'affiliate-search' ), __( 'Six hexadecimal digits, or grayscale.', 'affiliate-search' ) ),
					text( 'agency', __( 'Agency', 'affiliate-search' ) ),
				),
				el( PanelBody, { title: __( 'Look', 'affiliate-search' ) },
					choice( 'kind', __( 'Shown as', 'affiliate-search' ), KINDS ),
					choice( 'rows', __( 'Rows', 'affiliate-search' ), ROWS ),
					choice( 'theme', __( 'Colors', 'affiliate-search' ), THEMES ),
					text( 'lang', __( 'Language', 'affiliate-search' ), __( 'A code, such as de.', 'affiliate-search' ) ),
				),
			),
			el( components.Disabled, null,
				// The server refuses attributes that other plugins add to all blocks in the browser alone.
				el( Preview, { attributes: {
					...Object.fromEntries( names.map( ( name ) => [ name, attributes[ name ] ] ) ),
					title: attributes.q ? '' : title,
				} } ),
			),
		);
	}

	blocks.registerBlockType( 'affiliate-search/pictures', {
		edit: Edit,
		save: () => null,
		transforms: {
			from: [ {
				type: 'shortcode',
				tag: 'affiliate_search',
				// Shortcodes that PHP alone reads (words without a name, aliases) stay shortcodes.
				isMatch: ( { named, numeric } ) => ! numeric.length && Object.keys( named ).every( ( name ) => names.includes( name ) ),
				attributes: Object.fromEntries(
					names.map( ( name ) => [ name, { type: 'string', shortcode: ( { named } ) => named[ name ] || '' } ] ),
				),
			} ],
		},
	} );
}( window.affiliateSearchAttributes, window.wp ) );
